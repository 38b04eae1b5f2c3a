// Conformance: which workers are there, and which jobs each of them has.
import { describe, expect, it } from 'vitest';
import type { ActiveWorker, LeaseHolder } from '../../../src/store/job-store.ts';
import {
  benchFor,
  ENDPOINT,
  expectRefusal,
  failure,
  LEASE_MS,
  RESULT,
  TENANT,
  type Bench,
  type Suite,
} from './harness.ts';

const OTHER = '/v1/video/cut';
const SEEN_WITHIN_MS = 120_000;

const list = (bench: Bench, tenant = TENANT, maxJobs = 20) =>
  bench.store.listWorkers(tenant, { seenWithinMs: SEEN_WITHIN_MS, maxJobs });

const idsOf = (workers: ActiveWorker[]) => workers.map(({ workerId }) => workerId);

export function workerTests(suite: Suite): void {
  describe('workers', () => {
    it('one that claims is there, with what it can do, and is gone when it is silent', async () => {
      const bench = await benchFor(suite);
      expect(await list(bench)).toEqual([]);
      await bench.claim({ workerId: 'idle', workerPid: null, endpoints: [OTHER, ENDPOINT, OTHER] });
      const seenAt = bench.clock.now();
      const idle = { workerId: 'idle', workerPid: null, seenAt, endpoints: [OTHER, ENDPOINT] };
      const there = [{ ...idle, running: 0, jobs: [] }];
      expect(await list(bench)).toEqual(there);
      bench.clock.advance(SEEN_WITHIN_MS);
      expect(await list(bench)).toEqual(there);
      bench.clock.advance(1);
      expect(await list(bench)).toEqual([]);
    });

    it('its last claim says what it can do', async () => {
      const bench = await benchFor(suite);
      await bench.claim({ workerPid: 1 });
      await bench.claim({ workerPid: 2, endpoints: [OTHER] });
      expect(await list(bench)).toMatchObject([{ workerPid: 2, endpoints: [OTHER] }]);
    });

    it('one that has jobs is there, with those it has had longest', async () => {
      const bench = await benchFor(suite);
      const holders: LeaseHolder[] = [];
      const began = bench.clock.now();
      for (let n = 0; n < 4; n += 1) {
        await bench.submit({ endpoint: n === 1 ? OTHER : ENDPOINT });
        holders.push(await bench.claimOne({ endpoints: [ENDPOINT, OTHER] }));
        bench.clock.advance(1000);
      }
      await bench.store.heartbeat(holders[0]!, 3600, { percent: 12.5, phase: 'decode' });
      const job = (at: number, progress: object | null) => ({
        jobId: holders[at]!.jobId,
        endpoint: ENDPOINT,
        startedAt: began + at * 1000,
        progress,
      });
      expect(await list(bench, TENANT, 2)).toEqual([
        {
          workerId: 'worker-1',
          workerPid: 99,
          seenAt: bench.clock.now(),
          endpoints: [ENDPOINT, OTHER],
          running: 4,
          jobs: [job(0, { percent: 12.5, phase: 'decode' }), { ...job(1, null), endpoint: OTHER }],
        },
      ]);
      const [all] = await list(bench);
      expect(all?.jobs.map(({ jobId }) => jobId)).toEqual(holders.map(({ jobId }) => jobId));
    });

    it('they come by their ids', async () => {
      const bench = await benchFor(suite);
      const ids = ['b', 'a', 'B', 'a2', 'é', '-', 'a\n', '🙂'];
      for (const workerId of ids) await bench.claim({ workerId });
      expect(idsOf(await list(bench))).toEqual(ids.toSorted());
    });

    it.each([
      ['heartbeat', (by: LeaseHolder, bench: Bench) => bench.store.heartbeat(by, null, null)],
      ['progress', (by: LeaseHolder, bench: Bench) => bench.store.heartbeat(by, null, {})],
      ['complete', (by: LeaseHolder, bench: Bench) => bench.store.complete(by, RESULT)],
      ['fail', (by: LeaseHolder, bench: Bench) => bench.store.fail(by, failure())],
      ['release', (by: LeaseHolder, bench: Bench) => bench.store.release(by)],
    ])('%s is a sign of life', async (_verb, speak) => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      bench.clock.advance(LEASE_MS - 1);
      await speak(holder, bench);
      expect(await list(bench)).toMatchObject([{ seenAt: bench.clock.now() }]);
      bench.clock.advance(SEEN_WITHIN_MS);
      expect(idsOf(await list(bench))).toEqual(['worker-1']);
    });

    it('what is refused is none', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      const seenAt = bench.clock.now();
      bench.clock.advance(1000);
      const wrong = { ...holder, leaseToken: 'wrong' };
      await expectRefusal(bench.store.heartbeat(wrong, null, null), 'lease_lost');
      await expectRefusal(bench.store.complete(wrong, RESULT), 'lease_lost');
      expect(await list(bench)).toMatchObject([{ seenAt, running: 1 }]);
    });

    it('one whose lease lapsed has the job no more; the next one has', async () => {
      const bench = await benchFor(suite);
      await bench.running();
      await bench.pass(LEASE_MS);
      expect(await list(bench)).toMatchObject([{ workerId: 'worker-1', running: 0, jobs: [] }]);
      await bench.claim({ workerId: 'worker-2' });
      expect(await list(bench)).toMatchObject([
        { workerId: 'worker-1', running: 0 },
        { workerId: 'worker-2', running: 1 },
      ]);
    });

    it('one that has a job is there however long it is silent', async () => {
      const bench = await benchFor(suite);
      await bench.submit();
      await bench.claim({ leaseSeconds: 3600 });
      bench.clock.advance(2 * SEEN_WITHIN_MS);
      expect(await list(bench)).toMatchObject([{ running: 1 }]);
    });

    it('after a restart those that have jobs are known by them, the others by what they say', async () => {
      const bench = await benchFor(suite);
      await bench.submit({ endpoint: OTHER });
      const holder = await bench.claimOne({ endpoints: [ENDPOINT, OTHER] });
      await bench.store.heartbeat(holder, 3600, { percent: 3 });
      await bench.claim({ workerId: 'idle' });
      const [before] = (await list(bench)).toReversed();
      bench.clock.advance(5000);
      await bench.restart();
      expect(await list(bench)).toEqual([{ ...before, endpoints: [OTHER] }]);
      bench.clock.advance(5000);
      await bench.store.heartbeat(holder, null, null);
      const now = bench.clock.now();
      expect(await list(bench)).toEqual([{ ...before, endpoints: [OTHER], seenAt: now }]);
      await bench.claim({ endpoints: [ENDPOINT, OTHER] });
      expect(await list(bench)).toEqual([{ ...before, seenAt: now }]);
    });

    it('setting the clock makes nobody come or go', async () => {
      const bench = await benchFor(suite);
      await bench.claim();
      bench.clock.setWall(bench.clock.now() + 3_600_000);
      expect(idsOf(await list(bench))).toEqual(['worker-1']);
      bench.clock.setWall(bench.clock.now() - 7_200_000);
      bench.clock.advance(SEEN_WITHIN_MS + 1);
      expect(await list(bench)).toEqual([]);
    });

    it('one of the same id in another tenant is another', async () => {
      const bench = await benchFor(suite);
      await bench.running();
      await bench.claim({ tenant: 'umbrella', endpoints: [OTHER] });
      expect(await list(bench, 'umbrella')).toMatchObject([
        { workerId: 'worker-1', endpoints: [OTHER], running: 0, jobs: [] },
      ]);
      expect(await list(bench)).toMatchObject([{ endpoints: [ENDPOINT], running: 1 }]);
      expect(await list(bench, 'nobody')).toEqual([]);
    });
  });
}
