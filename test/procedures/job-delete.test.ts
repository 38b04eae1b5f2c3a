// job.delete: an ended job is gone at once, everywhere; one that has not ended is refused.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAnswer, finishJob, post, startJob, submitJob, trpcClient } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';
import { describeJobRefErrors, expectIllegal } from './job-ref-errors.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ clock: new HeldClock() });
});

afterAll(() => gateway.close());

const remove = (job_id: string) => post(gateway, 'submit', 'job/delete', { job_id });

const read = (path: string, body: object) => post(gateway, 'read', path, body);

async function expectGone(job_id: string): Promise<void> {
  for (const path of ['job/status', 'job/get']) {
    expectAnswer(await read(path, { job_id }), 404, { error: 'Job not found', job_id });
  }
  const { response } = (await read('jobs/status', { job_ids: [job_id] })).json;
  expect(response).toEqual({ [job_id]: 'unknown' });
  const listed = (await read('jobs/list', {})).json.jobs as { job_id: string }[];
  expect(listed.map((job) => job.job_id)).not.toContain(job_id);
}

const count = async (status: string) => (await read('jobs/stats', {})).json.by_status[status];

describe('200', () => {
  it('answers the job as it was; from then on it is not found, anywhere', async () => {
    const { job_id } = await finishJob(gateway, { text: 'Hello.' });
    const before = (await read('job/get', { job_id })).json;
    const done = await count('done');
    expectAnswer(await remove(job_id), 200, before);
    await expectGone(job_id);
    expect(await count('done')).toBe(done - 1);
    expectAnswer(await remove(job_id), 404, { error: 'Job not found', job_id });
  });

  it.each(['failed', 'cancelled'])('a %s job', async (status) => {
    const lease = await startJob(gateway);
    const { job_id } = lease;
    if (status === 'cancelled') await post(gateway, 'submit', 'job/cancel', { job_id });
    await post(gateway, 'work', 'worker/fail', { ...lease, message: 'no', retry: false });
    expect((await remove(job_id)).json).toMatchObject({ job_id, job_status: status });
    await expectGone(job_id);
  });

  it('its worker, sending its report once more, is told that it is gone', async () => {
    const lease = await finishJob(gateway, 'ok');
    const { job_id } = lease;
    await remove(job_id);
    const again = await post(gateway, 'work', 'worker/complete', { ...lease, result: 'ok' });
    expectAnswer(again, 404, { error: 'Job not found', job_id });
  });

  it('over tRPC the same', async () => {
    const { job_id } = await finishJob(gateway);
    const before = (await read('job/get', { job_id })).json;
    const { mutate } = trpcClient(gateway, gateway.keys.submit).job.delete;
    expect(await mutate({ job_id })).toEqual(before);
    await expectGone(job_id);
  });
});

describe('409', () => {
  it('where the job is queued', async () => {
    const job_id = await submitJob(gateway);
    const error = 'This job is queued: cancel it before it is deleted';
    await expectIllegal(gateway, 'delete', job_id, { error, job_status: 'queued' });
    await post(gateway, 'submit', 'job/cancel', { job_id });
  });

  it('where the job is running', async () => {
    const lease = await startJob(gateway);
    const error = 'This job is running: cancel it before it is deleted';
    await expectIllegal(gateway, 'delete', lease.job_id, { error, job_status: 'running' });
    expect((await remove(lease.job_id)).headers.has('retry-after')).toBe(false);
    await post(gateway, 'work', 'worker/complete', { ...lease, result: null });
  });
});

describeJobRefErrors(() => gateway, 'delete');
