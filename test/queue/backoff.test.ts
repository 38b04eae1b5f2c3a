// Backoff: its delays, and failed attempts of a real gateway's jobs that wait them out.
import { describe, expect, it, onTestFinished } from 'vitest';
import { retryDelayMs } from '../../src/queue/backoff.ts';
import { claimJob, ENDPOINT, expectAnswer, post, startJob } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock, jobOnceItIs } from '../held-clock.ts';

describe('retryDelayMs', () => {
  it('is 5 s, doubling to 10 min', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map((n) => retryDelayMs(n, () => 0.5) / 1000);
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
  });

  it('gives or takes a tenth', () => {
    expect(retryDelayMs(1, () => 0)).toBe(4500);
    expect(retryDelayMs(1, () => 1)).toBe(5500);
    const delays = Array.from({ length: 100 }, () => retryDelayMs(1));
    expect(new Set(delays).size).toBeGreaterThan(10);
    expect(delays.filter((ms) => ms < 4500 || ms > 5500)).toEqual([]);
  });
});

describe('a job whose attempts fail', () => {
  async function useGateway(): Promise<{ gateway: TestGateway; clock: HeldClock }> {
    const clock = new HeldClock();
    const gateway = await startTestGateway({ clock });
    onTestFinished(() => gateway.close());
    return { gateway, clock };
  }

  const fail = (gateway: TestGateway, lease: object, fields: object = {}) =>
    post(gateway, 'work', 'worker/fail', { ...lease, message: 'no disk', ...fields });

  const get = async (gateway: TestGateway, job_id: string) =>
    (await post(gateway, 'read', 'job/get', { job_id })).json;

  async function isReady(gateway: TestGateway, job_id: string): Promise<void> {
    const position = async () => (await get(gateway, job_id)).queue_position;
    await expect.poll(position, { interval: 10 }).toBe(0);
  }

  it('waits longer each time, is failed in the end, and every attempt is shown', async () => {
    const { gateway, clock } = await useGateway();
    let lease = await startJob(gateway);
    const { job_id } = lease;
    for (const [attempt, delay] of [[2, 5] as const, [3, 10] as const]) {
      clock.advance(1);
      const { json } = await fail(gateway, lease, { message: `failure ${attempt - 1}`, code: 503 });
      expect(json).toEqual({ job_id, job_status: 'queued' });
      const { run_at, ...job } = await get(gateway, job_id);
      expect(job).toMatchObject({ attempt, code: null, error: null, ended_at: null });
      expect(run_at - clock.now()).toBeGreaterThanOrEqual(delay * 900);
      expect(run_at - clock.now()).toBeLessThanOrEqual(delay * 1100);
      const claim = { worker_id: 'early', endpoints: [ENDPOINT] };
      expectAnswer(await post(gateway, 'work', 'worker/claim', claim), 200, { jobs: [] });
      clock.advance((run_at - clock.now()) / 1000);
      await isReady(gateway, job_id);
      lease = await claimJob(gateway, { worker_id: `worker ${attempt}`, pid: attempt });
    }
    await fail(gateway, lease, { message: 'failure 3', code: 503 });
    const job = await jobOnceItIs(gateway, job_id, 'failed');
    expect(job).toMatchObject({
      code: 503,
      error: 'failure 3',
      attempt: 3,
      max_attempts: 3,
      lost_leases: 0,
      attempts: [
        { fence: 1, worker_id: 'tester', pid: null, outcome: 'failed', message: 'failure 1' },
        { fence: 2, worker_id: 'worker 2', pid: 2, outcome: 'failed', message: 'failure 2' },
        { fence: 3, worker_id: 'worker 3', pid: 3, outcome: 'failed', message: 'failure 3' },
      ],
    });
    expect(job.attempts[0].ended_at - job.attempts[0].started_at).toBe(1000);
  });

  it('waits as long as the worker says', async () => {
    const { gateway, clock } = await useGateway();
    const lease = await startJob(gateway);
    await fail(gateway, lease, { retry_delay_seconds: 90.5 });
    expect((await get(gateway, lease.job_id)).run_at).toBe(clock.now() + 90_500);
    clock.advance(90.5);
    await isReady(gateway, lease.job_id);
    const next = await claimJob(gateway);
    await fail(gateway, next, { retry_delay_seconds: 0 });
    await claimJob(gateway);
  });

  it('is not tried again where the worker says so, or where it has one attempt', async () => {
    const { gateway } = await useGateway();
    const never = await startJob(gateway);
    expect((await fail(gateway, never, { retry: false })).json.job_status).toBe('failed');
    const once = await startJob(gateway, { max_attempts: 1 });
    expect((await fail(gateway, once, { retry_delay_seconds: 0 })).json.job_status).toBe('failed');
    expect(await get(gateway, never.job_id)).toMatchObject({ attempt: 1, max_attempts: 3 });
  });

  it('loses no attempt by a release or a lost lease', async () => {
    const { gateway, clock } = await useGateway();
    const first = await startJob(gateway, { max_attempts: 2 });
    await post(gateway, 'work', 'worker/release', first);
    const second = await claimJob(gateway, { lease_seconds: 5 });
    clock.advance(5);
    await jobOnceItIs(gateway, second.job_id, 'queued');
    const third = await claimJob(gateway);
    expect((await fail(gateway, third, { retry_delay_seconds: 0 })).json.job_status).toBe('queued');
    const outcomes = ['released', 'lease_lost', 'failed'].map((outcome) => ({ outcome }));
    expect(await get(gateway, first.job_id)).toMatchObject({ attempt: 2, attempts: outcomes });
  });
});
