// worker.fail: an attempt that failed is tried again, unless it must not be.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAnswer, claimJob, post, refusal, startJob, trpcClient } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { describeLeaseErrors } from './lease-errors.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const fail = (body: object) => post(gateway, 'work', 'worker/fail', body);

const job = async (job_id: string) => (await post(gateway, 'read', 'job/get', { job_id })).json;

describe('200', () => {
  it('queued for the next attempt', async () => {
    const lease = await startJob(gateway);
    const { job_id } = lease;
    const answer = await fail({ ...lease, message: 'no disk', retry_delay_seconds: 0 });
    expectAnswer(answer, 200, { job_id, job_status: 'queued' });
    expect(await job(job_id)).toMatchObject({ attempt: 2, attempts: [{ outcome: 'failed' }] });
    const next = await claimJob(gateway);
    await post(gateway, 'work', 'worker/complete', { ...next, result: 1 });
  });

  it('failed for good where it says so, and again for the same call', async () => {
    const lease = await startJob(gateway);
    const { job_id } = lease;
    const body = { ...lease, message: 'not audio', code: 422, retry: false };
    expectAnswer(await fail(body), 200, { job_id, job_status: 'failed' });
    expectAnswer(await fail(body), 200, { job_id, job_status: 'failed' });
    expect(await job(job_id)).toMatchObject({ code: 422, error: 'not audio' });
  });

  it('failed once the attempts are used up, with 500 where no code is given', async () => {
    const lease = await startJob(gateway, { max_attempts: 1 });
    const { json } = await fail({ ...lease, message: 'no disk' });
    expect(json.job_status).toBe('failed');
    expect(await job(lease.job_id)).toMatchObject({ code: 500, error: 'no disk' });
  });

  it('over tRPC', async () => {
    const lease = await startJob(gateway);
    const { mutate } = trpcClient(gateway, gateway.keys.work).worker.fail;
    const answer = await mutate({ ...lease, message: 'no', retry: false });
    expect(answer).toEqual({ job_id: lease.job_id, job_status: 'failed' });
  });
});

describe('400', () => {
  it.each([
    ['message', undefined],
    ['message', ''],
    ['message', 'a\0b'],
    ['message', 'x'.repeat(10_001)],
    ['code', 399],
    ['code', 600],
    ['code', '500'],
    ['retry', 'false'],
    ['retry_delay_seconds', -1],
  ])('where %s is wrong', async (field, value) => {
    const lease = await startJob(gateway);
    const body = { ...lease, message: 'no', [field]: value };
    const { status, json } = await fail(body);
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path: field });
    const { mutate } = trpcClient(gateway, gateway.keys.work).worker.fail;
    expect(await refusal(mutate(body as never))).toMatchObject({ issues: json.issues });
    await post(gateway, 'work', 'worker/complete', { ...lease, result: null });
  });
});

describe('409', () => {
  describeLeaseErrors(() => gateway, 'fail', { message: 'no' });
});
