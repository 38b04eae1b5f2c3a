// Conformance: attempts, their backoff, the time one may take, and a retry by request.
import { describe, expect, it } from 'vitest';
import { benchFor, expectRefusal, failure, RESULT, type Suite } from './harness.ts';

export function retryTests(suite: Suite): void {
  describe('retries', () => {
    it('a failed attempt waits for the backoff, until max_attempts', async () => {
      const bench = await benchFor(suite);
      let holder = await bench.running({ maxAttempts: 3 });
      for (const failures of [1, 2]) {
        expect(await bench.store.fail(holder, failure())).toBe('queued');
        const job = await bench.find(holder);
        expect(job.attempt).toBe(failures + 1);
        expect(job.runAt).toBe(bench.clock.now() + failures * 1000);
        expect(await bench.claim()).toEqual([]);
        expect(await bench.passAndWake(failures * 1000 - 1)).toBe(0);
        expect(await bench.passAndWake(1)).toBe(1);
        holder = await bench.claimOne();
        expect(holder.attempt).toBe(failures + 1);
      }
      expect(await bench.store.fail(holder, failure({ code: 422, message: 'No sound' }))).toBe(
        'failed',
      );
      const job = await bench.find(holder);
      expect(job).toMatchObject({ attempt: 3, end: { code: 422, message: 'No sound' } });
      expect(await bench.outcomes(holder)).toEqual(['failed', 'failed', 'failed']);
    });

    it('a worker may ask for a delay of its own', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.fail(holder, failure({ retryDelayMs: 77_000 }));
      expect((await bench.find(holder)).runAt).toBe(bench.clock.now() + 77_000);
    });

    it('a delay of nothing makes it claimable at once', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.fail(holder, failure({ retryDelayMs: 0 }));
      expect((await bench.claimOne()).attempt).toBe(2);
    });

    it('a worker may fail a job for good', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running({ maxAttempts: 100 });
      expect(await bench.store.fail(holder, failure({ retry: false }))).toBe('failed');
      expect((await bench.find(holder)).attempt).toBe(1);
    });

    it('every attempt is kept', async () => {
      const bench = await benchFor(suite);
      const startedAt = bench.clock.now();
      const holder = await bench.running();
      bench.clock.advance(400);
      await bench.store.fail(holder, failure({ message: 'No sound', retryDelayMs: 0 }));
      bench.clock.advance(100);
      await bench.claimOne({ workerId: 'worker-2', workerPid: null });
      expect(await bench.store.listAttempts(holder)).toEqual([
        {
          fence: 1,
          workerId: 'worker-1',
          workerPid: 99,
          startedAt,
          endedAt: startedAt + 400,
          outcome: 'failed',
          message: 'No sound',
        },
        {
          fence: 2,
          workerId: 'worker-2',
          workerPid: null,
          startedAt: startedAt + 500,
          endedAt: null,
          outcome: null,
          message: null,
        },
      ]);
    });

    it('max_runtime ends an attempt that heartbeats go on for', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running({ maxRuntimeSeconds: 45, maxAttempts: 2 });
      for (const second of [20, 40]) {
        expect(await bench.pass(20_000)).toBe(0);
        await bench.store.heartbeat(holder, null, { percent: second });
      }
      expect(await bench.pass(4_999)).toBe(0);
      await bench.store.heartbeat(holder, 3600, null);
      expect(await bench.pass(1)).toBe(1);
      const job = await bench.find(holder);
      expect(job).toMatchObject({ status: 'queued', attempt: 2, lostLeases: 0 });
      expect(job.runAt).toBe(bench.clock.now() + 1000);
      await expectRefusal(bench.store.heartbeat(holder, null, null), 'lease_lost', 'queued');
      expect(await bench.outcomes(holder)).toEqual(['timed_out']);
    });

    it('the last attempt that takes too long fails the job, and says so', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running({ maxRuntimeSeconds: 10, maxAttempts: 1 });
      expect(await bench.pass(10_000)).toBe(1);
      const job = await bench.find(holder);
      expect(job).toMatchObject({ status: 'failed', end: { code: 504 } });
      expect(job.end?.message).toMatch(/max_runtime_seconds \(10\)/);
      await expectRefusal(bench.store.complete(holder, RESULT), 'lease_lost', 'failed');
    });

    it.each(['failed', 'cancelled'] as const)(
      'a %s job is retried as a fresh one',
      async (from) => {
        const bench = await benchFor(suite);
        const holder = await bench.inState(from, {
          maxAttempts: 2,
          maxRuntimeSeconds: 9,
          id: 'mine',
        });
        bench.clock.advance(1000);
        await bench.store.retry(holder);
        const job = await bench.find(holder);
        expect(job).toMatchObject({
          status: 'queued',
          attempt: 1,
          lostLeases: 0,
          fence: 1,
          end: null,
          endedAt: null,
          expiresAt: null,
          cancelRequestedAt: null,
          id: 'mine',
          runAt: bench.clock.now(),
        });
        const again = await bench.claimOne();
        expect(again.attempt).toBe(1);
        expect(again.payload.text).toBe(holderPayload);
        expect(await bench.store.complete(again, RESULT)).toBe('done');
      },
    );

    it('a retried job counts its lost leases and failures anew', async () => {
      const bench = await benchFor(suite);
      let holder = await bench.running();
      for (let lost = 1; lost <= 3; lost += 1) {
        await bench.pass(30_000);
        if (lost < 3) holder = await bench.claimOne();
      }
      await bench.store.retry(holder);
      await bench.claimOne();
      await bench.pass(30_000);
      expect(await bench.find(holder)).toMatchObject({ status: 'queued', lostLeases: 1 });
    });

    it('after a retry by request the old report is a stale one', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.fail(holder, failure({ retry: false }));
      await bench.store.retry(holder);
      const sentAgain = bench.store.fail(holder, failure({ retry: false }));
      await expectRefusal(sentAgain, 'lease_lost', 'queued');
    });
  });
}

const holderPayload = '{"media_url":"https://example.com/talk.mp3"}';
