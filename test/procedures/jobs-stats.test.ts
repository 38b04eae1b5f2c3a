// jobs.stats: counts by state and endpoint, who waits longest, and the throughput of late.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  claimJob,
  expectAnswer,
  finishJob,
  post,
  refusal,
  startJob,
  submitJob,
  trpcClient,
} from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';
import { useGateway } from '../used-gateway.ts';

const MINUTE_MS = 60_000;
const NONE = { queued: 0, running: 0, done: 0, failed: 0, cancelled: 0 };

const clock = new HeldClock();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ clock });
});

afterAll(() => gateway.close());

const ownGateway = () => useGateway({ clock });

const stats = (of = gateway, body: unknown = {}) => post(of, 'read', 'jobs/stats', body);

/** One job in every state, and one that is delayed. */
async function fill(own: TestGateway): Promise<void> {
  await finishJob(own);
  const lease = await startJob(own);
  await post(own, 'work', 'worker/fail', { ...lease, message: 'no', retry: false });
  const job_id = await submitJob(own);
  await post(own, 'submit', 'job/cancel', { job_id });
  await startJob(own);
  await submitJob(own);
  await submitJob(own, { endpoint: '/v1/other', delay_seconds: 60 });
}

describe('200', () => {
  it('of an empty gateway', async () => {
    expectAnswer(await stats(), 200, {
      by_status: NONE,
      by_endpoint: {},
      queue_length: 0,
      queue_limit: null,
      delayed: 0,
      oldest_queued_at: null,
      throughput: [],
    });
  });

  it('counts every state, by endpoint, and the delayed apart', async () => {
    const own = await ownGateway();
    await fill(own);
    const each = { queued: 1, running: 1, done: 1, failed: 1, cancelled: 1 };
    expectAnswer(await stats(own), 200, {
      by_status: { ...each, queued: 2 },
      by_endpoint: { '/v1/media/transcribe': each, '/v1/other': { ...NONE, queued: 1 } },
      queue_length: 1,
      queue_limit: null,
      delayed: 1,
      oldest_queued_at: clock.now(),
      throughput: [
        {
          at: Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS,
          submitted: 6,
          done: 1,
          failed: 1,
          cancelled: 1,
        },
      ],
    });
  });

  it('has the limit of the queue, where there is one', async () => {
    const own = await startTestGateway({ clock, maxQueueLength: 2 });
    onTestFinished(() => own.close());
    await submitJob(own);
    await submitJob(own, { delay_seconds: 60 });
    const expected = { queue_length: 1, queue_limit: 2, delayed: 1 };
    expect((await stats(own)).json).toMatchObject(expected);
    const full = await post(own, 'submit', 'job/submit', { endpoint: '/v1/other' });
    expect(full.status).toBe(429);
    expect(await trpcClient(own, own.keys.read).jobs.stats.query()).toMatchObject(expected);
  });

  it('names the submission that waits longest, whatever goes before it', async () => {
    const own = await ownGateway();
    const first = clock.now();
    await submitJob(own, { priority: -5 });
    clock.advance(10);
    await submitJob(own, { priority: 5 });
    expect((await stats(own)).json.oldest_queued_at).toBe(first);
    await claimJob(own);
    expect((await stats(own)).json.oldest_queued_at).toBe(first);
    await claimJob(own);
    expect((await stats(own)).json.oldest_queued_at).toBeNull();
  });

  it('has a row for each of the last ten minutes in which something happened', async () => {
    const own = await ownGateway();
    const begin = Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS;
    await finishJob(own);
    clock.advance(120);
    await submitJob(own);
    const rows = (await stats(own)).json.throughput;
    expect(rows).toMatchObject([
      { at: begin, submitted: 1, done: 1 },
      { at: begin + 2 * MINUTE_MS, submitted: 1, done: 0 },
    ]);
    clock.advance(9 * 60);
    expect((await stats(own)).json.throughput).toMatchObject([{ at: begin + 2 * MINUTE_MS }]);
    clock.advance(60);
    expect((await stats(own)).json.throughput).toEqual([]);
  });

  it('has no minute that is still to come, after the clock was set back', async () => {
    const own = await ownGateway();
    await finishJob(own);
    clock.setWallBy(-3600);
    expect((await stats(own)).json.throughput).toEqual([]);
    clock.setWallBy(3600);
    expect((await stats(own)).json.throughput).toMatchObject([{ submitted: 1, done: 1 }]);
  });

  it('knows nothing of another tenant', async () => {
    const own = await ownGateway();
    await fill(own);
    const key = await createTestKey(own.services, 'read', 'other');
    const { json } = await own.request('POST', '/v1/toolkit/jobs/stats', { key, body: {} });
    expect(json).toMatchObject({ by_status: NONE, by_endpoint: {}, oldest_queued_at: null });
  });

  it('with no body, and over tRPC, the same', async () => {
    const own = await ownGateway();
    await fill(own);
    const { json } = await stats(own);
    expect((await stats(own, undefined)).json).toEqual(json);
    expect(await trpcClient(own, own.keys.read).jobs.stats.query()).toEqual(json);
  });
});

describe('400', () => {
  it('where there is a filter, which it does not take', async () => {
    const issues = [{ path: 'endpoint', message: 'Unknown property' }];
    const error = 'Invalid payload: endpoint: Unknown property';
    expectAnswer(await stats(gateway, { endpoint: '/a' }), 400, { error, code: 400, issues });
    const call = trpcClient(gateway, gateway.keys.read).jobs.stats;
    expect(await refusal(call.query({ endpoint: '/a' } as never))).toMatchObject({
      httpStatus: 400,
      issues,
    });
  });
});
