// A waiting job's place, as job.get shows it: exact to 1,000, and when it will start.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { estimateWaitMs } from '../../src/queue/place.ts';
import { claimJob, ENDPOINT, finishJob, post, submitJob, trpcClient } from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';

describe('estimateWaitMs', () => {
  it.each([
    ['nothing is known', 3, { running: 1, done: 0, runMs: 0 }, null],
    ['the first waits for one', 0, { running: 1, done: 2, runMs: 20_000 }, 10_000],
    ['four run side by side', 7, { running: 4, done: 10, runMs: 50_000 }, 10_000],
    ['none runs now', 1, { running: 0, done: 1, runMs: 3000 }, 6000],
    ['they take no time', 0, { running: 1, done: 3, runMs: 1 }, 0],
  ])('%s', (_name, ahead, load, expected) => {
    expect(estimateWaitMs(ahead, load)).toBe(expected);
  });
});

describe('over a gateway', () => {
  let clock: HeldClock;
  let gateway: TestGateway;

  beforeEach(async () => {
    clock = new HeldClock();
    gateway = await startTestGateway({ clock });
  });

  afterEach(() => gateway.close());

  async function submitMany(count: number, fields: object = {}): Promise<string[]> {
    const jobs = Array.from({ length: count }, () => ({ endpoint: ENDPOINT, ...fields }));
    const { json } = await post(gateway, 'submit', 'jobs/submit', { jobs });
    return json.jobs.map(({ job_id }: { job_id: string }) => job_id);
  }

  const get = async (job_id: string) => (await post(gateway, 'read', 'job/get', { job_id })).json;

  const positionOf = async (job_id: string) => (await get(job_id)).queue_position as number | null;

  const positionsOf = (ids: string[]) => Promise.all(ids.map(positionOf));

  /** Milliseconds from now; null when unknown. */
  async function startsIn(job_id: string): Promise<number | null> {
    const { estimated_start_at: at } = await get(job_id);
    return at === null ? null : at - clock.now();
  }

  /** Runs a job for so many seconds. */
  async function runFor(seconds: number, endpoint = ENDPOINT): Promise<void> {
    await submitJob(gateway, { endpoint, priority: 100 });
    const lease = await claimJob(gateway, { endpoints: [endpoint], lease_seconds: 3600 });
    clock.advance(seconds);
    await post(gateway, 'work', 'worker/complete', { ...lease, result: null });
  }

  describe('queue_position', () => {
    it('counts those that go before it, of its endpoint and its tenant', async () => {
      await submitJob(gateway, { endpoint: '/v1/other', priority: 100 });
      const key = await createTestKey(gateway.services, 'submit', 'other');
      const body = { endpoint: ENDPOINT, priority: 100 };
      await gateway.request('POST', '/v1/toolkit/job/submit', { key, body });
      const ids = await submitMany(3);
      expect(await positionsOf(ids)).toEqual([0, 1, 2]);
    });

    it('goes by priority, due time and submission, as claims do', async () => {
      const low = await submitJob(gateway, { priority: -1 });
      const first = await submitJob(gateway);
      const due = await submitJob(gateway, { run_at: clock.now() - 1000 });
      const high = await submitJob(gateway, { priority: 1 });
      const second = await submitJob(gateway);
      const ids = [high, due, first, second, low];
      expect(await positionsOf(ids)).toEqual([0, 1, 2, 3, 4]);
      for (const job_id of ids) expect((await claimJob(gateway)).job_id).toBe(job_id);
    });

    it('moves on as those before it are claimed or cancelled', async () => {
      const [first = '', second = '', third = ''] = await submitMany(3);
      await claimJob(gateway);
      expect(await positionsOf([second, third])).toEqual([0, 1]);
      await post(gateway, 'submit', 'job/cancel', { job_id: second });
      expect(await positionsOf([first, second, third])).toEqual([null, null, 0]);
    });

    it('is exact to 1,000 and null beyond', async () => {
      const early = (await submitMany(1000)).slice(-1);
      const [last = '', beyond = ''] = await submitMany(2);
      expect(await positionsOf([...early, last, beyond])).toEqual([999, 1000, null]);
      expect(await startsIn(beyond)).toBeNull();
      await claimJob(gateway);
      expect(await positionOf(beyond)).toBe(1000);
    });

    it('also where all that go before it have a higher priority', async () => {
      await submitMany(600, { priority: 1 });
      await submitMany(400);
      expect(await positionsOf(await submitMany(2))).toEqual([1000, null]);
    });

    it('is null for a job that is delayed, running or ended', async () => {
      const delayed = await submitJob(gateway, { delay_seconds: 60 });
      const { job_id } = await finishJob(gateway);
      await submitJob(gateway);
      const running = await claimJob(gateway);
      expect(await positionsOf([delayed, job_id, running.job_id])).toEqual([null, null, null]);
    });

    it('over tRPC the same', async () => {
      const [, job_id = ''] = await submitMany(2);
      const job = await trpcClient(gateway, gateway.keys.read).job.get.query({ job_id });
      expect(job.queue_position).toBe(1);
    });
  });

  describe('estimated_start_at', () => {
    it('is unknown as long as none of that endpoint was done', async () => {
      await runFor(10, '/v1/other');
      expect(await startsIn(await submitJob(gateway))).toBeNull();
    });

    it('is the mean run time for each that goes before, and for one more to get free', async () => {
      await runFor(10);
      await runFor(20);
      const ids = await submitMany(3);
      expect(await Promise.all(ids.map(startsIn))).toEqual([15_000, 30_000, 45_000]);
    });

    it('is sooner where several run at once', async () => {
      await runFor(10);
      const ids = await submitMany(4);
      await claimJob(gateway);
      await claimJob(gateway);
      expect(await startsIn(ids[3] ?? '')).toBe(10_000);
    });

    it('forgets what ran more than ten minutes ago', async () => {
      await runFor(10);
      clock.advance(11 * 60);
      expect(await startsIn(await submitJob(gateway))).toBeNull();
    });

    it('of a delayed job is when it is due', async () => {
      expect(await startsIn(await submitJob(gateway, { delay_seconds: 60 }))).toBe(60_000);
    });
  });
});
