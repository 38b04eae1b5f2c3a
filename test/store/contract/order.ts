// Conformance: which job a claim gives out, and that it is given out once.
import { describe, expect, it } from 'vitest';
import { JsonText } from '../../../src/contract/json-text.ts';
import { benchFor, ENDPOINT, MANY, newJob, TENANT, type Bench, type Suite } from './harness.ts';

const OTHER = '/v1/video/cut';
const THIRD = '/v1/image/convert';

/** Ids, by the caller's own, in the order they are claimed. */
async function claimAll(bench: Bench, endpoints = [ENDPOINT, OTHER, THIRD]) {
  const claimed = await bench.claim({ endpoints, max: 100 });
  return claimed.map(({ id }) => id);
}

export function orderTests(suite: Suite): void {
  describe('order', () => {
    it('priority, then run_at, then first in first out, over all endpoints', async () => {
      const bench = await benchFor(suite);
      const now = bench.clock.now();
      await bench.submit({ id: 'e', endpoint: OTHER });
      await bench.submit({ id: 'f' });
      await bench.submit({ id: 'd', runAt: now - 1000 });
      await bench.submit({ id: 'c', endpoint: THIRD, runAt: now - 2000 });
      await bench.submit({ id: 'g', priority: -100, runAt: now - 9000 });
      await bench.submit({ id: 'a', priority: 100, endpoint: THIRD });
      await bench.submit({ id: 'b', priority: 1 });
      expect(await claimAll(bench)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    });

    it('one at a time gives the same order', async () => {
      const bench = await benchFor(suite);
      for (const [id, endpoint] of [
        ['a', OTHER],
        ['b', ENDPOINT],
        ['c', OTHER],
      ] as const) {
        await bench.submit({ id, endpoint });
      }
      const ids = [];
      for (let i = 0; i < 3; i += 1) {
        ids.push((await bench.claimOne({ endpoints: [ENDPOINT, OTHER] })).id);
      }
      expect(ids).toEqual(['a', 'b', 'c']);
    });

    it('a claim gives out jobs of its endpoints only', async () => {
      const bench = await benchFor(suite);
      await bench.submit({ id: 'a', endpoint: OTHER });
      await bench.submit({ id: 'b' });
      expect(await claimAll(bench, [ENDPOINT])).toEqual(['b']);
      expect(await claimAll(bench, ['/v1/none'])).toEqual([]);
      expect(await claimAll(bench, [])).toEqual([]);
    });

    it('an endpoint named twice gives no job twice', async () => {
      const bench = await benchFor(suite);
      const jobId = await bench.submit();
      const claimed = await bench.claim({ endpoints: [ENDPOINT, ENDPOINT], max: 10 });
      expect(claimed.map((job) => job.jobId)).toEqual([jobId]);
      expect((await bench.find({ tenant: TENANT, jobId })).fence).toBe(1);
    });

    it('gives out at most max', async () => {
      const bench = await benchFor(suite);
      for (let i = 0; i < 5; i += 1) await bench.submit();
      expect(await bench.claim({ max: 3 })).toHaveLength(3);
      expect(await bench.claim({ max: 100 })).toHaveLength(2);
      expect(await bench.claim({ max: 100 })).toEqual([]);
    });

    it('gives out fewer when their payloads are long, and one at the least', async () => {
      const bench = await benchFor(suite);
      const payload = JsonText.of({ text: 'x'.repeat(5_000_000) });
      for (let i = 0; i < 3; i += 1) await bench.submit({ payload });
      expect(await bench.claim({ max: 100 })).toHaveLength(2);
      expect(await bench.claim({ max: 100 })).toHaveLength(1);
      await bench.submit({ payload: JsonText.of({ text: 'x'.repeat(9_000_000) }) });
      expect(await bench.claim({ max: 100 })).toHaveLength(1);
    });

    it('fifty callers at once never get the same job', async () => {
      const bench = await benchFor(suite);
      await bench.store.submit(Array.from({ length: 300 }, () => newJob()));
      const claims = await Promise.all(
        Array.from({ length: 50 }, (_, i) => bench.claim({ max: 7, workerId: `worker-${i}` })),
      );
      const ids = claims.flat().map(({ jobId }) => jobId);
      expect(ids).toHaveLength(300);
      expect(new Set(ids).size).toBe(300);
    });

    it('a delayed job is claimable once it was woken', async () => {
      const bench = await benchFor(suite);
      const runAt = bench.clock.now() + 5000;
      const jobId = await bench.submit({ runAt });
      expect(await bench.store.nextDelayed()).toBe(runAt);
      expect(await bench.store.queueLength(TENANT)).toBe(0);
      expect(await bench.passAndWake(4999)).toBe(0);
      expect(await bench.claim()).toEqual([]);
      expect(await bench.passAndWake(1)).toBe(1);
      expect(await bench.store.nextDelayed()).toBeUndefined();
      expect(await bench.store.queueLength(TENANT)).toBe(1);
      expect((await bench.claimOne()).jobId).toBe(jobId);
    });

    it('is woken once, at most as many as asked for, the earliest first', async () => {
      const bench = await benchFor(suite);
      const now = bench.clock.now();
      await bench.submit({ id: 'late', runAt: now + 3000 });
      await bench.submit({ id: 'early', runAt: now + 1000 });
      await bench.submit({ id: 'middle', runAt: now + 2000 });
      bench.clock.advance(3000);
      expect(await bench.store.wakeDelayed(2)).toBe(2);
      expect(await claimAll(bench)).toEqual(['early', 'middle']);
      expect(await bench.store.wakeDelayed(MANY)).toBe(1);
      expect(await bench.store.wakeDelayed(MANY)).toBe(0);
      expect(await claimAll(bench)).toEqual(['late']);
    });

    it('a job with a run_at that is over needs no waking', async () => {
      const bench = await benchFor(suite);
      await bench.submit({ runAt: bench.clock.now() });
      expect(await bench.claim()).toHaveLength(1);
    });

    it('a job that comes back keeps its place', async () => {
      const bench = await benchFor(suite);
      await bench.submit({ id: 'first' });
      bench.clock.advance(1000);
      await bench.submit({ id: 'second' });
      const first = await bench.claimOne();
      await bench.store.release(first);
      expect(await claimAll(bench)).toEqual(['first', 'second']);
    });

    it('a job knows how many go before it', async () => {
      const bench = await benchFor(suite);
      const place = async (jobId: string) => bench.store.queuePosition({ tenant: TENANT, jobId });
      const first = await bench.submit();
      const second = await bench.submit();
      const urgent = await bench.submit({ priority: 5 });
      const delayed = await bench.submit({ runAt: bench.clock.now() + 1000 });
      await bench.submit({ endpoint: OTHER, priority: 100 });
      expect(await Promise.all([urgent, first, second, delayed].map(place))).toEqual([
        0,
        1,
        2,
        null,
      ]);
      await bench.claim();
      expect(await Promise.all([urgent, first, second].map(place))).toEqual([null, 0, 1]);
    });

    it('a place is exact to 1,000 and then unknown', async () => {
      const bench = await benchFor(suite);
      await bench.store.submit(Array.from({ length: 1000 }, () => newJob()));
      const thousandth = await bench.submit();
      const next = await bench.submit();
      expect(await bench.store.queuePosition({ tenant: TENANT, jobId: thousandth })).toBe(1000);
      expect(await bench.store.queuePosition({ tenant: TENANT, jobId: next })).toBeNull();
    });
  });
}
