// Conformance: what a restart keeps, and that no worker loses its job by it.
import { describe, expect, it } from 'vitest';
import { JOB_STATUSES } from '../../../src/contract/job.ts';
import {
  benchFor,
  CANCEL_GRACE_MS,
  expectRefusal,
  LEASE_MS,
  RESULT,
  type Suite,
} from './harness.ts';

export function restartTests(suite: Suite): void {
  describe('restart', () => {
    it.each(JOB_STATUSES)('a %s job is as it was', async (status) => {
      const bench = await benchFor(suite);
      const ref = await bench.inState(status);
      const before = [await bench.find(ref), await bench.store.listAttempts(ref)];
      await bench.restart();
      expect([await bench.find(ref), await bench.store.listAttempts(ref)]).toEqual(before);
    });

    it('the queue id is made once', async () => {
      const bench = await benchFor(suite);
      const { queueId } = bench.store;
      expect(Number.isSafeInteger(queueId)).toBe(true);
      expect(queueId).toBeGreaterThan(0);
      await bench.restart();
      expect(bench.store.queueId).toBe(queueId);
      const other = await benchFor(suite);
      expect(other.store.queueId).not.toBe(queueId);
    });

    it('every running job has one whole new lease', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      bench.clock.advance(LEASE_MS - 1);
      await bench.restart();
      expect(await bench.pass(LEASE_MS - 1)).toBe(0);
      await bench.store.heartbeat(holder, null, null);
      expect(await bench.pass(LEASE_MS - 1)).toBe(0);
      expect(await bench.pass(1)).toBe(1);
    });

    it('of the length that was asked for last', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.heartbeat(holder, 120, null);
      await bench.restart();
      expect(await bench.pass(119_999)).toBe(0);
      expect(await bench.pass(1)).toBe(1);
    });

    it.each([-3_600_000, 3_600_000])('also when the clock was set by %i ms', async (by) => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      bench.clock.setWall(bench.clock.now() + by);
      await bench.restart();
      expect(await bench.pass(LEASE_MS - 1)).toBe(0);
      expect(await bench.store.complete(holder, RESULT)).toBe('done');
    });

    it('a requested cancellation is not forgotten', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.cancel(holder);
      await bench.restart();
      const answer = await bench.store.heartbeat(holder, 3600, null);
      expect(answer.cancelRequested).toBe(true);
      expect(await bench.pass(CANCEL_GRACE_MS)).toBe(1);
      expect(await bench.status(holder)).toBe('cancelled');
    });

    it('max_runtime goes on', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running({ maxRuntimeSeconds: 100 });
      bench.clock.advance(50_000);
      await bench.restart();
      await bench.store.heartbeat(holder, 3600, null);
      expect(await bench.pass(49_999)).toBe(0);
      expect(await bench.pass(1)).toBe(1);
      expect(await bench.outcomes(holder)).toEqual(['timed_out']);
    });

    it('a stale token stays stale', async () => {
      const bench = await benchFor(suite);
      const stale = await bench.running();
      await bench.pass(LEASE_MS);
      await bench.claimOne();
      await bench.restart();
      await expectRefusal(bench.store.complete(stale, RESULT), 'lease_lost', 'running');
    });

    it('what was asked for before closing is still done', async () => {
      const bench = await benchFor(suite);
      const submitting = Array.from({ length: 500 }, () => bench.submit());
      await bench.restart();
      const ids = await Promise.all(submitting);
      const states = await Promise.all(
        ids.map((jobId) => bench.store.findState({ tenant: bench.changes[0]!.tenant, jobId })),
      );
      expect(states.every((state) => state?.status === 'queued')).toBe(true);
    });
  });
}
