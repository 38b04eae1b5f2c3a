// jobs.activity: every minute of the last hour, and how long the jobs ran that were done in it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketOf, percentilesOf } from '../../src/contract/run-times.ts';
import { expectAnswer, post, refusal, startJob, submitJob, trpcClient } from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';
import { useGateway } from '../used-gateway.ts';

const PATH = '/v1/toolkit/jobs/activity';
const MINUTE_MS = 60_000;
const NOTHING = { submitted: 0, done: 0, failed: 0, cancelled: 0, run_ms: null };

const clock = new HeldClock();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ clock });
});

afterAll(() => gateway.close());

/** At the begin of a minute. */
async function ownGateway(): Promise<TestGateway> {
  const own = await useGateway({ clock });
  clock.advance((MINUTE_MS - (clock.now() % MINUTE_MS)) / 1000);
  return own;
}

const activity = (of = gateway, body: unknown = {}) => post(of, 'read', 'jobs/activity', body);

const minuteOf = (at: number) => Math.floor(at / MINUTE_MS) * MINUTE_MS;

/** The minutes in which something happened. */
const busy = (json: any) =>
  json.minutes.filter((minute: any) =>
    ['submitted', 'done', 'failed', 'cancelled'].some((key) => minute[key] > 0),
  );

/** What is told of a run time. */
function told(ms: number): number {
  return percentilesOf({ [bucketOf(ms)]: 1 }, { p: 1 })!.p;
}

async function run(own: TestGateway, seconds: number): Promise<void> {
  const lease = await startJob(own);
  clock.advance(seconds);
  await post(own, 'work', 'worker/complete', { ...lease, result: 1 });
}

describe('200', () => {
  it('of an empty gateway: 60 minutes of nothing, the present one last', async () => {
    const first = minuteOf(clock.now()) - 59 * MINUTE_MS;
    const minutes = Array.from({ length: 60 }, (_, n) => ({
      at: first + n * MINUTE_MS,
      ...NOTHING,
    }));
    expectAnswer(await activity(), 200, { minutes, run_ms: null });
    expectAnswer(await activity(gateway, undefined), 200, { minutes, run_ms: null });
  });

  it('has what came and how it ended, by minute and over all endpoints', async () => {
    const own = await ownGateway();
    const begin = clock.now();
    await run(own, 2);
    const lease = await startJob(own);
    await post(own, 'work', 'worker/fail', { ...lease, message: 'no', retry: false });
    await submitJob(own, { endpoint: '/v1/other' });
    clock.advance(60);
    const job_id = await submitJob(own);
    await post(own, 'submit', 'job/cancel', { job_id });
    const { status, json } = await activity(own);
    expect(status).toBe(200);
    expect(json.minutes).toHaveLength(60);
    const run_ms = { p50: told(2000), p95: told(2000) };
    expect(json.minutes.slice(-2)).toEqual([
      { at: begin, submitted: 3, done: 1, failed: 1, cancelled: 0, run_ms },
      { at: begin + MINUTE_MS, submitted: 1, done: 0, failed: 0, cancelled: 1, run_ms: null },
    ]);
    expect(json.run_ms).toEqual({ ...run_ms, p99: told(2000) });
    expect(await trpcClient(own, own.keys.read).jobs.activity.query()).toEqual(json);
  });

  it('has the percentiles of each minute and of the hour, to a tenth', async () => {
    const own = await ownGateway();
    for (const seconds of [...Array.from({ length: 18 }, () => 0.1), 5, 20])
      await run(own, seconds);
    clock.advance(60);
    for (let n = 0; n < 5; n += 1) await run(own, 1);
    const { json } = await activity(own);
    const shown = busy(json).map(({ done, run_ms }: any) => ({ done, run_ms }));
    expect(shown).toEqual([
      { done: 20, run_ms: { p50: told(100), p95: told(5000) } },
      { done: 5, run_ms: { p50: told(1000), p95: told(1000) } },
    ]);
    expect(json.run_ms).toEqual({ p50: told(100), p95: told(5000), p99: told(20_000) });
    for (const [ms, real] of [
      [json.run_ms.p50, 100],
      [json.run_ms.p95, 5000],
      [json.run_ms.p99, 20_000],
    ]) {
      expect(Math.abs(ms - real)).toBeLessThanOrEqual(real / 10);
    }
  });

  it('goes an hour back, and not beyond', async () => {
    const own = await ownGateway();
    const begin = clock.now();
    await run(own, 1);
    clock.advance(59 * 60 - 1);
    expect((await activity(own)).json.minutes[0]).toMatchObject({ at: begin, done: 1 });
    clock.advance(60);
    const { json } = await activity(own);
    expect(json.minutes[0].at).toBe(begin + MINUTE_MS);
    expect([busy(json), json.run_ms]).toEqual([[], null]);
  });

  it('tells nothing of what is still to come, where the clock was set back', async () => {
    const own = await ownGateway();
    await run(own, 1);
    clock.setWallBy(-600);
    const { json } = await activity(own);
    expect([json.minutes.at(-1).at, busy(json), json.run_ms]).toEqual([
      minuteOf(clock.now()),
      [],
      null,
    ]);
    clock.setWallBy(600);
    expect((await activity(own)).json.run_ms).not.toBeNull();
  });

  it('knows nothing of another tenant', async () => {
    const own = await ownGateway();
    await run(own, 1);
    const key = await createTestKey(own.services, 'admin', 'stranger');
    const { json } = await own.request('POST', PATH, { key, body: {} });
    expect([json.minutes.length, busy(json), json.run_ms]).toEqual([60, [], null]);
  });
});

describe('400', () => {
  it('where there is a filter, which it does not take', async () => {
    const issues = [{ path: 'endpoint', message: 'Unknown property' }];
    const error = 'Invalid payload: endpoint: Unknown property';
    expectAnswer(await activity(gateway, { endpoint: '/a' }), 400, { error, code: 400, issues });
    const call = trpcClient(gateway, gateway.keys.read).jobs.activity;
    expect(await refusal(call.query({ endpoint: '/a' } as never))).toMatchObject({
      httpStatus: 400,
      issues,
    });
  });
});

describe('403', () => {
  it('a key that may only work', async () => {
    expect((await post(gateway, 'work', 'jobs/activity', {})).status).toBe(403);
    const call = trpcClient(gateway, gateway.keys.work).jobs.activity.query();
    expect(await refusal(call)).toMatchObject({ httpStatus: 403 });
  });
});
