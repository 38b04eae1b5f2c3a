// job.retry: a failed or cancelled job begins afresh; in any other state it is refused.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimJob, finishJob, post, startJob, submitJob, trpcClient } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';
import { describeJobRefErrors, expectIllegal } from './job-ref-errors.ts';

const clock = new HeldClock();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ clock });
});

afterAll(() => gateway.close());

const retry = (job_id: string) => post(gateway, 'submit', 'job/retry', { job_id });

const get = async (job_id: string) => (await post(gateway, 'read', 'job/get', { job_id })).json;

const report = (verb: string, body: object) => post(gateway, 'work', `worker/${verb}`, body);

async function failJob(fields: object = {}) {
  const lease = await startJob(gateway, fields);
  await report('fail', { ...lease, message: 'no disk', retry: false });
  return lease;
}

async function finish(job_id: string): Promise<void> {
  const lease = await claimJob(gateway);
  expect(lease.job_id).toBe(job_id);
  await report('complete', { ...lease, result: 'second' });
}

describe('200', () => {
  it('a failed job waits again, with nothing left of its end, and can be run', async () => {
    const { job_id } = await failJob({ payload: { a: 1 }, retention_seconds: 60 });
    clock.advance(10);
    const { status, json } = await retry(job_id);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      job_status: 'queued',
      payload: { a: 1 },
      code: null,
      error: null,
      result: null,
      attempt: 1,
      lost_leases: 0,
      ended_at: null,
      expires_at: null,
      run_at: clock.now(),
      queue_position: 0,
      cancel_requested: false,
    });
    await finish(job_id);
    expect(await get(job_id)).toMatchObject({ job_status: 'done', result: 'second', error: null });
  });

  it('keeps what was: the attempts, the fence and the rising version', async () => {
    const { job_id } = await failJob();
    const failed = await get(job_id);
    const again = (await retry(job_id)).json;
    expect(again).toMatchObject({ fence: 1, version: failed.version + 1 });
    await finish(job_id);
    expect(await get(job_id)).toMatchObject({
      fence: 2,
      attempts: [
        { fence: 1, outcome: 'failed', message: 'no disk' },
        { fence: 2, outcome: 'done', message: null },
      ],
    });
  });

  it('a job that used up its attempts has all of them again', async () => {
    const { job_id } = await startJob(gateway, { max_attempts: 1 }).then(async (lease) => {
      await report('fail', { ...lease, message: 'first' });
      return lease;
    });
    await retry(job_id);
    const lease = await claimJob(gateway);
    const failed = await report('fail', { ...lease, message: 'second' });
    expect(failed.json).toEqual({ job_id, job_status: 'failed' });
    expect(await get(job_id)).toMatchObject({ attempt: 1, error: 'second' });
  });

  it('a cancelled job runs, and nobody asks it to stop any more', async () => {
    const first = await startJob(gateway);
    await post(gateway, 'submit', 'job/cancel', { job_id: first.job_id });
    await report('release', first);
    expect((await retry(first.job_id)).json).toMatchObject({ cancel_requested: false });
    const lease = await claimJob(gateway);
    expect((await report('heartbeat', lease)).json.cancel_requested).toBe(false);
    await report('complete', { ...lease, result: null });
  });

  it('the worker that ended it before is a stranger now', async () => {
    const lease = await failJob();
    await retry(lease.job_id);
    const { json } = await report('fail', { ...lease, message: 'no disk', retry: false });
    expect(json).toMatchObject({ code: 409, reason: 'lease_lost', job_status: 'queued' });
    await finish(lease.job_id);
  });

  it('over tRPC the same', async () => {
    const { job_id } = await failJob();
    const { mutate } = trpcClient(gateway, gateway.keys.submit).job.retry;
    const again = await mutate({ job_id });
    expect(again).toMatchObject({ job_id, job_status: 'queued' });
    expect(again).toEqual(await get(job_id));
    await finish(job_id);
  });
});

describe('409', () => {
  const errorOf = (status: string) =>
    `This job is ${status}: only a failed or cancelled job can be retried`;

  it('where the job is queued', async () => {
    const job_id = await submitJob(gateway);
    const expected = { error: errorOf('queued'), job_status: 'queued' };
    await expectIllegal(gateway, 'retry', job_id, expected);
    await finish(job_id);
  });

  it('where the job is running', async () => {
    const lease = await startJob(gateway);
    const expected = { error: errorOf('running'), job_status: 'running' };
    await expectIllegal(gateway, 'retry', lease.job_id, expected);
    await report('complete', { ...lease, result: null });
  });

  it('where the job is done', async () => {
    const { job_id } = await finishJob(gateway);
    const expected = { error: errorOf('done'), job_status: 'done' };
    await expectIllegal(gateway, 'retry', job_id, expected);
  });
});

describeJobRefErrors(() => gateway, 'retry');
