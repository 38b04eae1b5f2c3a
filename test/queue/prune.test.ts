// Retention over a real gateway: an ended job goes when its time is over, and is then not found.
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { ENDPOINT, expectAnswer, finishJob, post, startJob, submitJob } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';

const DAY = 24 * 3600;

let clock: HeldClock;
let gateway: TestGateway;

beforeEach(async () => {
  clock = new HeldClock();
  gateway = await startTestGateway({ clock, retentionDays: 2 });
});

afterEach(() => gateway.close());

const status = (job_id: string, of = gateway) => post(of, 'read', 'job/status', { job_id });

const expiryOf = async (job_id: string, of = gateway) =>
  (await post(of, 'read', 'job/get', { job_id })).json.expires_at;

/** Removes what is due now; the maintenance would within 5 s. */
const prune = (of = gateway) => of.services.store.prune(50);

async function expectGone(job_id: string): Promise<void> {
  expectAnswer(await status(job_id), 404, { error: 'Job not found', job_id });
  expectAnswer(await post(gateway, 'read', 'job/get', { job_id }), 404, {
    error: 'Job not found',
    job_id,
  });
}

it('the maintenance removes them by itself', async () => {
  const { job_id } = await finishJob(gateway);
  clock.advance(2 * DAY);
  const isGone = async () => (await status(job_id)).status;
  await expect.poll(isGone, { interval: 50, timeout: 10_000 }).toBe(404);
});

it('after RETENTION_DAYS from its end, not before', async () => {
  const job_id = await submitJob(gateway);
  expect(await expiryOf(job_id)).toBeNull();
  clock.advance(3 * DAY);
  await post(gateway, 'submit', 'job/cancel', { job_id });
  expect(await expiryOf(job_id)).toBe(clock.now() + 2 * DAY * 1000);
  clock.advance(2 * DAY - 0.001);
  expect(await prune()).toBe(0);
  expect((await status(job_id)).status).toBe(200);
  clock.advance(0.001);
  await prune();
  await expectGone(job_id);
  expect((await post(gateway, 'read', 'jobs/stats', {})).json.by_status.cancelled).toBe(0);
});

it('after its own retention_seconds, be they more or fewer', async () => {
  const ends = async (retention_seconds: number) => {
    const lease = await startJob(gateway, { retention_seconds });
    await post(gateway, 'work', 'worker/complete', { ...lease, result: null });
    return lease.job_id;
  };
  const [short, long] = [await ends(60), await ends(10 * DAY)];
  clock.advance(60);
  await prune();
  await expectGone(short);
  clock.advance(3 * DAY);
  await prune();
  expect((await status(long)).json.response.job_status).toBe('done');
});

it('never while it is queued or running', async () => {
  const queued = await submitJob(gateway, { retention_seconds: 0, endpoint: '/v1/other' });
  const running = await startJob(gateway, { retention_seconds: 0 });
  clock.advance(20);
  expect(await prune()).toBe(0);
  expect((await status(queued)).json.response.job_status).toBe('queued');
  expect((await status(running.job_id)).json.response.job_status).toBe('running');
});

it('never with RETENTION_DAYS 0', async () => {
  const own = await startTestGateway({ clock, retentionDays: 0 });
  onTestFinished(() => own.close());
  const { job_id } = await finishJob(own);
  expect(await expiryOf(job_id, own)).toBeNull();
  clock.advance(10_000 * DAY);
  expect(await prune(own)).toBe(0);
  expect((await status(job_id, own)).status).toBe(200);
});

it('a job that is retried is kept until it has ended again', async () => {
  const { job_id, lease_token } = await startJob(gateway, { retention_seconds: 60 });
  const failure = { job_id, lease_token, message: 'no', retry: false };
  await post(gateway, 'work', 'worker/fail', failure);
  clock.advance(59);
  await post(gateway, 'submit', 'job/retry', { job_id });
  clock.advance(60);
  await prune();
  expect((await status(job_id)).json.response.job_status).toBe('queued');
});

it('more of them than one batch all go', async () => {
  const jobs = Array.from({ length: 120 }, () => ({ endpoint: ENDPOINT, retention_seconds: 0 }));
  const accepted = (await post(gateway, 'submit', 'jobs/submit', { jobs })).json.jobs;
  for (const { job_id } of accepted) await post(gateway, 'submit', 'job/cancel', { job_id });
  const left = async () => (await post(gateway, 'read', 'jobs/list', { limit: 1 })).json.jobs;
  await expect.poll(left, { interval: 50, timeout: 12_000 }).toEqual([]);
});
