// Conformance: what a store tells those who watch over it.
import { describe, expect, it } from 'vitest';
import type { LeaseLoss, StoreObserver } from '../../../src/store/store-observer.ts';
import { benchFor, ENDPOINT, LEASE_MS, newJob, CANCEL_GRACE_MS, type Suite } from './harness.ts';

class Watch implements StoreObserver {
  readonly commits: number[] = [];
  readonly waits: [string, number][] = [];
  readonly losses: LeaseLoss[] = [];
  claims = 0;

  committed(writes: number): void {
    this.commits.push(writes);
  }

  claimAnswered(): void {
    this.claims += 1;
  }

  claimed(endpoint: string, waitedMs: number): void {
    this.waits.push([endpoint, waitedMs]);
  }

  leaseLost(loss: LeaseLoss): void {
    this.losses.push(loss);
  }
}

export function observationTests(suite: Suite): void {
  describe('an observer', () => {
    const watched = async () => {
      const observer = new Watch();
      return { observer, bench: await benchFor(suite, { observer }) };
    };

    it('is told of every commit, with the writes that shared it', async () => {
      const { observer, bench } = await watched();
      await bench.submit();
      await Promise.all(Array.from({ length: 50 }, () => bench.submit()));
      expect(observer.commits.reduce((sum, writes) => sum + writes, 0)).toBe(51);
      expect(observer.commits.length).toBeLessThan(51);
    });

    it('is told how long a job could have been claimed', async () => {
      const { observer, bench } = await watched();
      await bench.submit();
      await bench.submit({ runAt: bench.clock.now() + 5000 });
      bench.clock.advance(3000);
      const first = await bench.claimOne();
      await bench.passAndWake(3000);
      bench.clock.advance(2000);
      await bench.claimOne();
      expect(observer.waits).toEqual([
        [ENDPOINT, 3000],
        [ENDPOINT, 2000],
      ]);
      bench.clock.advance(10_000);
      await bench.store.release(first);
      bench.clock.advance(1000);
      await bench.claimOne();
      expect(observer.waits.at(-1)).toEqual([ENDPOINT, 1000]);
      await bench.claim();
      expect([observer.claims, observer.waits.length]).toEqual([4, 3]);
    });

    it('is told why a lease was lost, and of no other end', async () => {
      const { observer, bench } = await watched();
      await bench.inState('done');
      await bench.inState('failed');
      await bench.running();
      await bench.pass(LEASE_MS);
      await bench.store.cancel(await bench.claimOne());
      await bench.pass(CANCEL_GRACE_MS);
      await bench.submit({ maxRuntimeSeconds: 10 });
      await bench.claim({ leaseSeconds: 60 });
      await bench.pass(10_000);
      expect(observer.losses).toEqual(['lapsed', 'cancel_grace', 'timed_out']);
    });
  });

  describe('measures', () => {
    it('are those of all tenants, and of the job that could be claimed longest', async () => {
      const bench = await benchFor(suite);
      const { store, clock } = bench;
      const begin = clock.now();
      await bench.submit({ priority: 9, runAt: begin + 1000 });
      await bench.passAndWake(2000);
      await bench.submit({ tenant: 'other', priority: -100 });
      await bench.submit({ tenant: 'other', priority: 100, endpoint: '/v1/b' });
      await bench.passAndWake(2000);
      await bench.submit({ priority: 100 });
      await bench.submit({ runAt: clock.now() + 1000 });
      const { counts, oldestReady, ...sizes } = await store.measure();
      expect(counts).toHaveLength(3);
      const queued = { endpoint: ENDPOINT, status: 'queued' };
      expect(counts).toContainEqual({ ...queued, ready: true, count: 3 });
      expect(counts).toContainEqual({ ...queued, ready: false, count: 1 });
      expect(counts).toContainEqual({ ...queued, endpoint: '/v1/b', ready: true, count: 1 });
      expect(oldestReady).toHaveLength(2);
      expect(oldestReady).toContainEqual({ endpoint: ENDPOINT, at: begin + 1000 });
      expect(oldestReady).toContainEqual({ endpoint: '/v1/b', at: begin + 2000 });
      expect(sizes.hasRoom).toBe(true);
      expect(sizes.databaseBytes).toBeGreaterThan(sizes.freeBytes);
      expect(sizes.logBytes).toBeGreaterThan(0);
    });

    it('are cheap with many queues', async () => {
      const bench = await benchFor(suite);
      const jobs = Array.from({ length: 1500 }, (_, n) => newJob({ endpoint: `/v1/${n}` }));
      await bench.store.submit(jobs);
      const { counts, oldestReady } = await bench.store.measure();
      expect([counts.length, oldestReady.length]).toEqual([1500, 1000]);
    });
  });
}
