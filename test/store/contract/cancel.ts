// Conformance: cancelling, at once or through the worker, and what may still end the job.
import { describe, expect, it } from 'vitest';
import type { LeaseHolder } from '../../../src/store/job-store.ts';
import { CANCELLED_CODE } from '../../../src/contract/job.ts';
import {
  benchFor,
  CANCEL_GRACE_MS,
  expectRefusal,
  expectUnchanged,
  failure,
  GATEWAY_PID,
  LEASE_MS,
  RESULT,
  type Bench,
  type Suite,
} from './harness.ts';

export function cancelTests(suite: Suite): void {
  describe('cancel', () => {
    it('a waiting job is cancelled at once', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.inState('queued');
      await bench.store.cancel(holder);
      const { end, status } = await bench.find(holder);
      expect(status).toBe('cancelled');
      expect(end).toMatchObject({ code: CANCELLED_CODE, message: 'cancelled', result: null });
      expect(end?.pid).toBe(GATEWAY_PID);
      expect(await bench.claim()).toEqual([]);
      expect(await bench.store.queueLength(holder.tenant)).toBe(0);
    });

    it('so is a delayed one, for good', async () => {
      const bench = await benchFor(suite);
      await bench.submit({ runAt: bench.clock.now() + 1000 });
      const [job] = bench.changes;
      await bench.store.cancel(job!);
      expect(await bench.passAndWake(5000)).toBe(0);
      expect(await bench.status(job!)).toBe('cancelled');
    });

    it('a running job is marked, and its worker learns of it', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.cancel(holder);
      const job = await bench.find(holder);
      expect(job).toMatchObject({ status: 'running', cancelRequestedAt: bench.clock.now() });
      const answer = await bench.store.heartbeat(holder, null, null);
      expect(answer.cancelRequested).toBe(true);
    });

    it('is idempotent', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.cancel(holder);
      bench.clock.advance(10_000);
      await expectUnchanged(bench, holder, () => bench.store.cancel(holder));
      await bench.store.release(holder);
      await expectUnchanged(bench, holder, () => bench.store.cancel(holder));
    });

    it('a job that is completed all the same is done', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.cancel(holder);
      expect(await bench.store.complete(holder, RESULT)).toBe('done');
      const job = await bench.find(holder);
      expect(job.end).toMatchObject({ code: 200, message: 'success' });
      await expectRefusal(bench.store.cancel(holder), 'illegal_transition', 'done');
    });

    it.each([
      ['fail', (bench: Bench, by: LeaseHolder) => bench.store.fail(by, failure())],
      ['fail for good', (bench: Bench, by: LeaseHolder) => bench.store.fail(by, GIVE_UP)],
      ['release', (bench: Bench, by: LeaseHolder) => bench.store.release(by)],
      ['a lapsed lease', (bench: Bench) => bench.pass(LEASE_MS)],
    ])('%s ends it as cancelled, never retried', async (_name, end) => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.cancel(holder);
      await end(bench, holder);
      const job = await bench.find(holder);
      expect(job).toMatchObject({ status: 'cancelled', attempt: 1 });
      expect(job.end).toMatchObject({ code: CANCELLED_CODE, message: 'cancelled', result: null });
      expect(await bench.outcomes(holder)).toEqual(['cancelled']);
      await bench.passAndWake(3_600_000);
      expect(await bench.claim()).toEqual([]);
    });

    it('the grace ends it, whatever heartbeats come', async () => {
      const bench = await benchFor(suite);
      await bench.submit();
      const holder = await bench.claimOne({ leaseSeconds: 3600 });
      await bench.store.cancel(holder);
      expect(await bench.pass(CANCEL_GRACE_MS - 1)).toBe(0);
      await bench.store.heartbeat(holder, 3600, { percent: 99 });
      expect(await bench.pass(1)).toBe(1);
      expect(await bench.status(holder)).toBe('cancelled');
      await expectRefusal(bench.store.complete(holder, RESULT), 'lease_lost', 'cancelled');
    });

    it('a job whose cancellation raced with its end has one end', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await Promise.allSettled([
        bench.store.cancel(holder),
        bench.store.complete(holder, RESULT),
        bench.store.cancel(holder),
      ]);
      expect(await bench.status(holder)).toBe('done');
    });
  });
}

const GIVE_UP = failure({ retry: false });
