// job.cancel: in every state over both transports, and how a running job ends once it was asked to.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  claimJob,
  ENDPOINT,
  finishJob,
  post,
  startJob,
  submitJob,
  trpcClient,
} from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock, jobOnceItIs } from '../held-clock.ts';
import { describeJobRefErrors, expectIllegal } from './job-ref-errors.ts';

const clock = new HeldClock();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ clock });
});

afterAll(() => gateway.close());

const cancel = (job_id: string) => post(gateway, 'submit', 'job/cancel', { job_id });

const get = async (job_id: string) => (await post(gateway, 'read', 'job/get', { job_id })).json;

const report = (verb: string, body: object) => post(gateway, 'work', `worker/${verb}`, body);

const beat = async (lease: object) => (await report('heartbeat', lease)).json.cancel_requested;

/** A running job whose cancellation was requested. */
async function startCancelled() {
  const lease = await startJob(gateway);
  expect((await cancel(lease.job_id)).status).toBe(200);
  return lease;
}

describe('200', () => {
  it('a queued job is cancelled at once, and no worker gets it', async () => {
    const job_id = await submitJob(gateway, { id: 'mine', priority: 100 });
    const { status, json } = await cancel(job_id);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      job_id,
      id: 'mine',
      job_status: 'cancelled',
      code: 499,
      error: 'cancelled',
      result: null,
      attempts: [],
      ended_at: clock.now(),
      version: 2,
    });
    const claim = { worker_id: 'tester', endpoints: [ENDPOINT] };
    expect((await report('claim', claim)).json).toEqual({ jobs: [] });
  });

  it('so is one that is delayed', async () => {
    const job_id = await submitJob(gateway, { delay_seconds: 600 });
    expect((await cancel(job_id)).json).toMatchObject({ job_status: 'cancelled', code: 499 });
  });

  it('the frozen envelope has code 499 and no response', async () => {
    const job_id = await submitJob(gateway);
    await cancel(job_id);
    const { json } = await post(gateway, 'read', 'job/status', { job_id });
    expect(json.response).toMatchObject({
      job_status: 'cancelled',
      response: { code: 499, response: null, message: 'cancelled', pid: process.pid },
    });
  });

  it('cancelling a cancelled job changes nothing', async () => {
    const job_id = await submitJob(gateway);
    const first = (await cancel(job_id)).json;
    clock.advance(1);
    const again = await cancel(job_id);
    expect({ status: again.status, json: again.json }).toEqual({ status: 200, json: first });
  });

  it('a running job runs on, marked; its worker learns of it at its next heartbeat', async () => {
    const lease = await startJob(gateway);
    expect(await beat(lease)).toBe(false);
    const marked = (await cancel(lease.job_id)).json;
    expect(marked).toMatchObject({ job_status: 'running', cancel_requested: true, version: 3 });
    expect((await cancel(lease.job_id)).json).toEqual(marked);
    expect(await beat(lease)).toBe(true);
    expect((await report('progress', lease)).json).toEqual({ cancel_requested: true });
    await report('release', lease);
  });

  it('over tRPC the same', async () => {
    const job_id = await submitJob(gateway);
    const { mutate } = trpcClient(gateway, gateway.keys.submit).job.cancel;
    const cancelled = await mutate({ job_id: job_id.toUpperCase() });
    expect(cancelled).toMatchObject({ job_id, job_status: 'cancelled' });
    expect(cancelled).toEqual(await get(job_id));
  });
});

describe('after the cancellation of a running job', () => {
  it('complete still ends it done', async () => {
    const lease = await startCancelled();
    const { json } = await report('complete', { ...lease, result: 'late' });
    expect(json).toEqual({ job_id: lease.job_id, job_status: 'done' });
    expect(await get(lease.job_id)).toMatchObject({ code: 200, result: 'late', error: null });
  });

  it.each([
    ['fail', { message: 'stopped', retry: true, retry_delay_seconds: 0 }],
    ['release', {}],
  ])('%s ends it cancelled, and it is not tried again', async (verb, fields) => {
    const lease = await startCancelled();
    const body = { ...lease, ...fields };
    const answer = { job_id: lease.job_id, job_status: 'cancelled' };
    expect((await report(verb, body)).json).toEqual(answer);
    expect((await report(verb, body)).json).toEqual(answer);
    expect(await get(lease.job_id)).toMatchObject({
      job_status: 'cancelled',
      code: 499,
      attempts: [{ outcome: 'cancelled', ended_at: clock.now() }],
    });
  });

  it('a lease that lapses ends it cancelled', async () => {
    const job_id = await submitJob(gateway);
    const lease = await claimJob(gateway, { lease_seconds: 5 });
    await cancel(job_id);
    clock.advance(5);
    expect(await jobOnceItIs(gateway, job_id, 'cancelled')).toMatchObject({
      code: 499,
      lost_leases: 0,
      attempts: [{ outcome: 'cancelled' }],
    });
    expect((await report('complete', { ...lease, result: 1 })).json.reason).toBe('lease_lost');
  });

  it('so does a worker that goes on past a grace of 30 s, however alive it is', async () => {
    const lease = await startCancelled();
    clock.advance(29);
    expect(await beat({ ...lease, lease_seconds: 3600 })).toBe(true);
    clock.advance(1);
    await jobOnceItIs(gateway, lease.job_id, 'cancelled');
    expect((await report('complete', { ...lease, result: 1 })).json).toMatchObject({
      code: 409,
      reason: 'lease_lost',
      job_status: 'cancelled',
    });
  });
});

describe('409', () => {
  it('where the job is done', async () => {
    const { job_id } = await finishJob(gateway);
    const error = 'This job is done and cannot be cancelled any more';
    await expectIllegal(gateway, 'cancel', job_id, { error, job_status: 'done' });
  });

  it('where the job has failed', async () => {
    const lease = await startJob(gateway);
    await report('fail', { ...lease, message: 'no', retry: false });
    const error = 'This job is failed and cannot be cancelled any more';
    await expectIllegal(gateway, 'cancel', lease.job_id, { error, job_status: 'failed' });
  });
});

describeJobRefErrors(() => gateway, 'cancel');
