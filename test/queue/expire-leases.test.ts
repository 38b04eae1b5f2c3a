// Leases that end, over a real gateway whose clock the test holds: lapsed, lost too often, over time.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimJob, ENDPOINT, post, submitJob, type Lease } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock, jobOnceItIs } from '../held-clock.ts';

let clock: HeldClock;
let gateway: TestGateway;

beforeEach(async () => {
  clock = new HeldClock();
  gateway = await startTestGateway({ clock });
});

afterEach(() => gateway.close());

const report = (verb: string, body: object) => post(gateway, 'work', `worker/${verb}`, body);

const get = async (job_id: string) => (await post(gateway, 'read', 'job/get', { job_id })).json;

/** Submits a job and claims it under a lease of so many seconds. */
async function start(lease_seconds: number, fields: object = {}): Promise<Lease> {
  const job_id = await submitJob(gateway, fields);
  const lease = await claimJob(gateway, { lease_seconds });
  expect(lease.job_id).toBe(job_id);
  return lease;
}

/** None is over, so that the maintenance would leave all as they are. */
async function expectNoneOver(): Promise<void> {
  expect(await gateway.services.store.expireLeases(100)).toBe(0);
}

async function expectLost(lease: Lease, job_status: string): Promise<void> {
  const calls: [string, object][] = [
    ['heartbeat', {}],
    ['progress', { percent: 1 }],
    ['complete', { result: 'stale' }],
    ['fail', { message: 'stale' }],
    ['release', {}],
  ];
  const before = await get(lease.job_id);
  for (const [verb, fields] of calls) {
    const { json } = await report(verb, { ...lease, ...fields });
    expect({ verb, ...json }).toMatchObject({ verb, code: 409, reason: 'lease_lost', job_status });
  }
  expect(await get(lease.job_id)).toEqual(before);
}

describe('a lease that lapses', () => {
  it('puts the job back, as a lost lease and not as a failure', async () => {
    const lease = await start(30);
    clock.advance(29.9);
    await expectNoneOver();
    expect(await get(lease.job_id)).toMatchObject({ job_status: 'running' });
    clock.advance(0.1);
    expect(await jobOnceItIs(gateway, lease.job_id, 'queued')).toMatchObject({
      attempt: 1,
      lost_leases: 1,
      error: null,
      attempts: [
        {
          fence: 1,
          worker_id: 'tester',
          ended_at: clock.now(),
          outcome: 'lease_lost',
          message: 'Worker tester stopped answering and its lease lapsed',
        },
      ],
    });
    await expectLost(lease, 'queued');
    const next = await claimJob(gateway, { worker_id: 'second' });
    expect(next.job_id).toBe(lease.job_id);
    await expectLost(lease, 'running');
    await report('complete', { ...next, result: 'fresh' });
    await expectLost(lease, 'done');
    expect(await get(lease.job_id)).toMatchObject({ result: 'fresh', fence: 2, attempt: 1 });
  });

  it('goes to a worker that waits for work', async () => {
    const lease = await start(5);
    const claim = { worker_id: 'waiting', endpoints: [ENDPOINT], wait_seconds: 30 };
    const waiting = report('claim', claim);
    await expect.poll(() => gateway.services.queue.waiting, { interval: 5 }).toBe(1);
    clock.advance(5);
    const [taken] = (await waiting).json.jobs;
    expect(taken).toMatchObject({ job_id: lease.job_id, attempt: 1 });
    await report('complete', { job_id: taken.job_id, lease_token: taken.lease_token, result: 1 });
  });

  it('fails the job the third time, with a message that says so', async () => {
    const job_id = await submitJob(gateway, { max_attempts: 100 });
    for (const after of ['queued', 'queued', 'failed']) {
      const lease = await claimJob(gateway, { lease_seconds: 5 });
      clock.advance(5);
      await jobOnceItIs(gateway, job_id, after);
      await expectLost(lease, after);
    }
    const error =
      'Worker tester stopped answering and its lease lapsed; ' +
      '3 leases of this job were lost (max_lost_leases 3)';
    expect(await get(job_id)).toMatchObject({ code: 500, error, lost_leases: 3, fence: 3 });
    const { json } = await post(gateway, 'read', 'job/status', { job_id });
    expect(json.response.response).toMatchObject({ code: 500, response: null, message: error });
  });

  it('lapses as told, from 5 s to an hour, and a heartbeat may change that', async () => {
    const long = await start(3600);
    const short = await start(5);
    await report('heartbeat', { ...short, lease_seconds: 20 });
    clock.advance(19);
    await expectNoneOver();
    expect(await get(short.job_id)).toMatchObject({ job_status: 'running' });
    clock.advance(1);
    await jobOnceItIs(gateway, short.job_id, 'queued');
    clock.advance(3579);
    await expectNoneOver();
    expect(await get(long.job_id)).toMatchObject({ job_status: 'running' });
    clock.advance(1);
    await jobOnceItIs(gateway, long.job_id, 'queued');
  });

  it.each([3600, -3600])('does not mind a wall clock set by %i s', async (seconds) => {
    const lease = await start(30);
    clock.setWallBy(seconds);
    await expectNoneOver();
    expect(await get(lease.job_id)).toMatchObject({ job_status: 'running' });
    clock.advance(30);
    expect(await jobOnceItIs(gateway, lease.job_id, 'queued')).toMatchObject({ lost_leases: 1 });
    await claimJob(gateway).then((next) => report('complete', { ...next, result: 1 }));
    expect((await get(lease.job_id)).job_status).toBe('done');
  });
});

describe('max_runtime_seconds', () => {
  it('ends the attempt as a failure, however alive its worker is, and tries again', async () => {
    const fields = { max_runtime_seconds: 60, max_attempts: 2 };
    const lease = await start(30, fields);
    for (let at = 20; at < 60; at += 20) {
      clock.advance(20);
      expect((await report('heartbeat', lease)).status).toBe(200);
    }
    clock.advance(20);
    const message = 'The attempt ran longer than max_runtime_seconds (60)';
    const again = await jobOnceItIs(gateway, lease.job_id, 'queued');
    expect(again).toMatchObject({
      attempt: 2,
      lost_leases: 0,
      attempts: [{ outcome: 'timed_out', message, ended_at: clock.now() }],
    });
    expect(again.run_at - clock.now()).toBeGreaterThanOrEqual(4_500);
    expect(again.run_at - clock.now()).toBeLessThanOrEqual(5_500);
    await expectLost(lease, 'queued');
    clock.advance(6);
    await expect.poll(async () => (await get(lease.job_id)).queue_position).toBe(0);
    await claimJob(gateway, { lease_seconds: 3600 });
    clock.advance(60);
    expect(await jobOnceItIs(gateway, lease.job_id, 'failed')).toMatchObject({
      code: 504,
      error: message,
      attempt: 2,
      attempts: [{ outcome: 'timed_out' }, { outcome: 'timed_out' }],
    });
  });

  it('is told to the worker as the deadline of its attempt', async () => {
    await submitJob(gateway, { max_runtime_seconds: 90 });
    const claim = { worker_id: 'tester', endpoints: [ENDPOINT] };
    const [job] = (await report('claim', claim)).json.jobs;
    expect(job.deadline_at).toBe(clock.now() + 90_000);
    await report('complete', { job_id: job.job_id, lease_token: job.lease_token, result: 1 });
  });
});

describe('a wait for the end', () => {
  it('is answered when the lease of a job that was to be cancelled lapses', async () => {
    const { job_id } = await start(5);
    await post(gateway, 'submit', 'job/cancel', { job_id });
    const waiting = post(gateway, 'read', 'job/status', { job_id, wait_seconds: 55 });
    await expect.poll(() => gateway.services.queue.waiting, { interval: 5 }).toBe(1);
    clock.advance(5);
    expect((await waiting).json.response).toMatchObject({ job_status: 'cancelled' });
  });
});
