// Conformance: what is counted is always what a recount would say.
import { describe, expect, it } from 'vitest';
import { JOB_STATUSES } from '../../../src/contract/job.ts';
import { bucketOf } from '../../../src/contract/run-times.ts';
import {
  benchFor,
  ENDPOINT,
  expectCountersToAgree,
  failure,
  newJob,
  RESULT,
  TENANT,
  type Suite,
} from './harness.ts';

export function countingTests(suite: Suite): void {
  describe('counters', () => {
    it('count by endpoint, state and readiness', async () => {
      const bench = await benchFor(suite);
      for (const status of JOB_STATUSES.toReversed()) await bench.inState(status);
      await bench.submit({ runAt: bench.clock.now() + 1000 });
      await bench.submit({ endpoint: '/v1/other' });
      const counts = await bench.store.countByStatus(TENANT);
      const of = (endpoint: string, status: string, ready: boolean) =>
        counts.find((c) => c.endpoint === endpoint && c.status === status && c.ready === ready)
          ?.count;
      expect(of(ENDPOINT, 'queued', true)).toBe(1);
      expect(of(ENDPOINT, 'queued', false)).toBe(1);
      expect(of('/v1/other', 'queued', true)).toBe(1);
      for (const status of JOB_STATUSES.slice(1)) expect(of(ENDPOINT, status, false)).toBe(1);
      await expectCountersToAgree(bench, TENANT);
    });

    it('agree with a recount after many writes at once, and after opening again', async () => {
      const bench = await benchFor(suite, { maxQueueLength: 150 });
      const random = seeded(7);
      const lives = Array.from({ length: 200 }, async () => {
        const delayMs = random() < 0.3 ? 1000 : 0;
        await bench.store
          .submit([newJob({ runAt: bench.clock.now() + delayMs }), newJob()])
          .catch(() => undefined);
        for (const holder of await bench.claim()) {
          const by = { tenant: TENANT, ...holder };
          const move = Math.floor(random() * 6);
          if (move === 0) await bench.store.complete(by, RESULT);
          if (move === 1) await bench.store.fail(by, failure());
          if (move === 2) await bench.store.release(by);
          if (move === 3) await bench.store.cancel(by);
          if (move === 4) await bench.store.fail(by, failure({ retry: false }));
        }
      });
      await Promise.all(lives);
      await expectCountersToAgree(bench, TENANT);
      await bench.pass(30_000);
      await bench.store.wakeDelayed(50);
      await expectCountersToAgree(bench, TENANT);
      await bench.restart();
      await expectCountersToAgree(bench, TENANT);
    });

    it('forget a kind of which there is none left', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.inState('done');
      await bench.store.delete(holder);
      expect(await bench.store.countByStatus(TENANT)).toEqual([]);
      await bench.restart();
      expect(await bench.store.countByStatus(TENANT)).toEqual([]);
    });

    it('know the load of an endpoint', async () => {
      const bench = await benchFor(suite);
      for (const seconds of [2, 4]) {
        const holder = await bench.running();
        bench.clock.advance(seconds * 1000);
        await bench.store.complete(holder, RESULT);
      }
      await bench.running();
      const load = { running: 1, done: 2, runMs: 6000 };
      expect(await bench.store.endpointLoad(TENANT, ENDPOINT)).toEqual(load);
      await bench.restart();
      expect(await bench.store.endpointLoad(TENANT, ENDPOINT)).toEqual(load);
      bench.clock.advance(11 * 60_000);
      expect(await bench.store.endpointLoad(TENANT, ENDPOINT)).toMatchObject({ done: 0, runMs: 0 });
    });

    it('know what happened in each minute', async () => {
      const bench = await benchFor(suite);
      const since = Math.ceil(bench.clock.now() / 60_000) * 60_000;
      bench.clock.setWall(since);
      await bench.inState('done');
      await bench.inState('failed');
      await bench.inState('cancelled');
      bench.clock.advance(60_000);
      await bench.submit();
      const nothing = {
        endpoint: ENDPOINT,
        done: 0,
        failed: 0,
        cancelled: 0,
        runMs: 0,
        runTimes: {},
      };
      expect(await bench.store.listActivity(TENANT, since)).toEqual([
        {
          ...nothing,
          at: since,
          submitted: 3,
          done: 1,
          failed: 1,
          cancelled: 1,
          runTimes: { 0: 1 },
        },
        { ...nothing, at: since + 60_000, submitted: 1 },
      ]);
    });

    it('know how long the jobs ran that were done, also after opening again', async () => {
      const bench = await benchFor(suite);
      const since = Math.ceil(bench.clock.now() / 60_000) * 60_000;
      bench.clock.setWall(since);
      for (const runMs of [5, 7000, 7000]) {
        const holder = await bench.running();
        bench.clock.advance(runMs);
        await bench.store.complete(holder, RESULT);
      }
      const failing = await bench.running();
      bench.clock.advance(9000);
      await bench.store.fail(failing, failure({ retry: false }));
      const runTimes = { [bucketOf(5)]: 1, [bucketOf(7000)]: 2 };
      const told = { at: since, done: 3, failed: 1, runMs: 14_005, runTimes };
      expect(await bench.store.listActivity(TENANT, since)).toMatchObject([told]);
      await bench.restart();
      const [minute] = await bench.store.listActivity(TENANT, since);
      expect(minute).toMatchObject(told);
      expect(minute?.runTimes).toEqual(runTimes);
      const holder = await bench.running();
      await bench.store.complete(holder, RESULT);
      const [later] = await bench.store.listActivity(TENANT, since);
      expect(later?.runTimes).toEqual({ ...runTimes, 0: 1 });
    });
  });
}

/** A small generator of random numbers from 0 to 1 that a failure can be repeated with. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}
