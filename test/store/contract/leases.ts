// Conformance: leases are fenced, lapse on the monotonic clock, and end with one report only.
import { describe, expect, it } from 'vitest';
import { JsonText } from '../../../src/contract/json-text.ts';
import {
  benchFor,
  expectRefusal,
  expectUnchanged,
  failure,
  LEASE_MS,
  RESULT,
  type Bench,
  type Suite,
} from './harness.ts';
import type { LeaseHolder } from '../../../src/store/job-store.ts';

const HOUR_MS = 3_600_000;

export function leaseTests(suite: Suite): void {
  describe('leases', () => {
    it('a claim tells the worker what it needs', async () => {
      const bench = await benchFor(suite);
      const jobId = await bench.submit({ id: 'mine', maxAttempts: 5, maxRuntimeSeconds: 60 });
      const claimed = await bench.claimOne({ leaseSeconds: 12 });
      expect(claimed).toMatchObject({
        jobId,
        id: 'mine',
        attempt: 1,
        maxAttempts: 5,
        leaseSeconds: 12,
        deadlineAt: bench.clock.now() + 60_000,
      });
      expect(claimed.payload.text).toBe('{"media_url":"https://example.com/talk.mp3"}');
      expect(claimed.leaseToken.length).toBeGreaterThan(20);
      const job = await bench.find(claimed);
      expect(job).toMatchObject({ status: 'running', workerId: 'worker-1', workerPid: 99 });
      expect(job.startedAt).toBe(bench.clock.now());
    });

    it('the fence rises by one a claim and is never reset', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      const fences = [(await bench.find(holder)).fence];
      await bench.store.release(holder);
      const second = await bench.claimOne();
      fences.push((await bench.find(second)).fence);
      await bench.store.fail(second, failure({ retry: false }));
      await bench.store.retry(holder);
      const third = await bench.claimOne();
      fences.push((await bench.find(third)).fence);
      expect(fences).toEqual([1, 2, 3]);
      const attempts = await bench.store.listAttempts(holder);
      expect(attempts.map(({ fence }) => fence)).toEqual([1, 2, 3]);
      expect(new Set([holder, second, third].map(({ leaseToken }) => leaseToken)).size).toBe(3);
    });

    it.each([
      ['heartbeat', (bench: Bench, by: LeaseHolder) => bench.store.heartbeat(by, null, null)],
      [
        'progress',
        (bench: Bench, by: LeaseHolder) => bench.store.heartbeat(by, 60, { percent: 1 }),
      ],
      ['complete', (bench: Bench, by: LeaseHolder) => bench.store.complete(by, RESULT)],
      ['fail', (bench: Bench, by: LeaseHolder) => bench.store.fail(by, failure())],
      ['release', (bench: Bench, by: LeaseHolder) => bench.store.release(by)],
    ])('a stale worker changes nothing by %s', async (_name, call) => {
      const bench = await benchFor(suite);
      const stale = await bench.running();
      expect(await bench.pass(LEASE_MS)).toBe(1);
      await expectRefusal(call(bench, stale), 'lease_lost', 'queued');
      const present = await bench.claimOne();
      await expectUnchanged(bench, stale, () =>
        expectRefusal(call(bench, stale), 'lease_lost', 'running'),
      );
      await bench.store.complete(present, RESULT);
      await expectUnchanged(bench, stale, () =>
        expectRefusal(call(bench, stale), 'lease_lost', 'done'),
      );
    });

    it('a lapsed lease puts the job back, counted as lost and not as failed', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      expect(await bench.pass(LEASE_MS - 1)).toBe(0);
      expect(await bench.status(holder)).toBe('running');
      expect(await bench.pass(1)).toBe(1);
      const job = await bench.find(holder);
      expect(job).toMatchObject({ status: 'queued', attempt: 1, lostLeases: 1 });
      expect(await bench.outcomes(holder)).toEqual(['lease_lost']);
      expect(await bench.claim()).toHaveLength(1);
    });

    it('after three lost leases it is failed, and says so', async () => {
      const bench = await benchFor(suite);
      let holder = await bench.running();
      for (const lost of [1, 2]) {
        await bench.pass(LEASE_MS);
        expect((await bench.find(holder)).lostLeases).toBe(lost);
        holder = await bench.claimOne();
      }
      await bench.pass(LEASE_MS);
      const job = await bench.find(holder);
      expect(job).toMatchObject({ status: 'failed', lostLeases: 3, maxLostLeases: 3 });
      expect(job.end?.code).toBe(500);
      expect(job.end?.message).toMatch(/3 leases of this job were lost/);
      expect(await bench.outcomes(holder)).toEqual(['lease_lost', 'lease_lost', 'lease_lost']);
      await expectRefusal(bench.store.complete(holder, RESULT), 'lease_lost', 'failed');
    });

    it('a heartbeat extends the lease by its length', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      for (let beat = 0; beat < 4; beat += 1) {
        bench.clock.advance(LEASE_MS - 1);
        const answer = await bench.store.heartbeat(holder, null, null);
        expect(answer).toEqual({ cancelRequested: false, leaseSeconds: 30 });
        expect(await bench.store.expireLeases(10)).toBe(0);
      }
      expect(await bench.pass(LEASE_MS)).toBe(1);
    });

    it('a heartbeat may ask for another length, which stays', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      expect((await bench.store.heartbeat(holder, 300, null)).leaseSeconds).toBe(300);
      expect(await bench.pass(299_999)).toBe(0);
      expect((await bench.store.heartbeat(holder, null, null)).leaseSeconds).toBe(300);
      expect(await bench.pass(299_999)).toBe(0);
      expect(await bench.pass(1)).toBe(1);
    });

    it('a heartbeat that comes before its lapsed lease is ended keeps it', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      bench.clock.advance(LEASE_MS);
      const expiring = bench.store.expireLeases(10);
      const answer = await bench.store.heartbeat(holder, null, null).catch(() => 'refused');
      await expiring;
      // Whichever came first: an answer of 200 means that the worker has the job.
      const expected = answer === 'refused' ? 'queued' : 'running';
      expect(await bench.status(holder)).toBe(expected);
    });

    it('knows when the next lease ends', async () => {
      const bench = await benchFor(suite);
      expect(bench.store.nextLeaseExpiry()).toBeUndefined();
      const start = bench.clock.monotonic();
      await bench.submit();
      await bench.submit();
      await bench.claimOne({ leaseSeconds: 60 });
      expect(bench.store.nextLeaseExpiry()).toBe(start + 60_000);
      const sooner = await bench.claimOne({ leaseSeconds: 5 });
      expect(bench.store.nextLeaseExpiry()).toBe(start + 5_000);
      await bench.store.complete(sooner, RESULT);
      expect(bench.store.nextLeaseExpiry()).toBe(start + 60_000);
    });

    it('ends no more leases than asked for', async () => {
      const bench = await benchFor(suite);
      for (let i = 0; i < 5; i += 1) await bench.submit();
      await bench.claim({ max: 5 });
      bench.clock.advance(LEASE_MS);
      expect(await bench.store.expireLeases(2)).toBe(2);
      expect(await bench.store.expireLeases(10)).toBe(3);
      expect(await bench.store.expireLeases(10)).toBe(0);
    });

    it.each([-HOUR_MS, HOUR_MS])('a clock set by %i ms neither ends nor keeps one', async (by) => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      bench.clock.setWall(bench.clock.now() + by);
      expect(await bench.store.expireLeases(10)).toBe(0);
      expect(await bench.pass(LEASE_MS - 1)).toBe(0);
      await bench.store.heartbeat(holder, null, null);
      expect(await bench.pass(LEASE_MS - 1)).toBe(0);
      expect(await bench.pass(1)).toBe(1);
      // And the job is there at once for another worker.
      expect(await bench.claim()).toHaveLength(1);
    });

    it('a clock set back hides no job that is handed back', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      bench.clock.setWall(bench.clock.now() - HOUR_MS);
      await bench.store.release(holder);
      expect(await bench.claim()).toHaveLength(1);
    });

    it('a release burns no attempt', async () => {
      const bench = await benchFor(suite);
      let holder = await bench.running({ maxAttempts: 1 });
      for (let i = 0; i < 5; i += 1) {
        expect(await bench.store.release(holder)).toBe('queued');
        holder = await bench.claimOne();
        expect(holder.attempt).toBe(1);
      }
      expect((await bench.find(holder)).lostLeases).toBe(0);
      const outcomes = await bench.outcomes(holder);
      expect(outcomes).toEqual([...Array<string>(5).fill('released'), null]);
    });

    it.each([
      ['complete', (bench: Bench, by: LeaseHolder) => bench.store.complete(by, RESULT)],
      ['fail for good', (bench: Bench, by: LeaseHolder) => bench.store.fail(by, GIVE_UP)],
      ['fail', (bench: Bench, by: LeaseHolder) => bench.store.fail(by, failure())],
      ['release', (bench: Bench, by: LeaseHolder) => bench.store.release(by)],
    ])('%s may be sent again with the same body', async (_name, call) => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      const answer = await call(bench, holder);
      await expectUnchanged(bench, holder, async () => {
        expect(await call(bench, holder)).toBe(answer);
        await bench.restart();
        expect(await call(bench, holder)).toBe(answer);
      });
    });

    it('sent again at the same moment, it is one report', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => bench.store.complete(holder, RESULT)),
      );
      expect(new Set(answers)).toEqual(new Set(['done']));
      expect(bench.kinds(holder.jobId)).toEqual(['queued', 'running', 'done']);
    });

    it('another body is another report', async () => {
      const bench = await benchFor(suite);
      const { store } = bench;
      const holder = await bench.running();
      await store.complete(holder, RESULT);
      const others = [
        () => store.complete(holder, JsonText.of({ text: 'Something else' })),
        () => store.fail(holder, failure()),
        () => store.release(holder),
      ];
      for (const other of others) {
        await expectUnchanged(bench, holder, () =>
          expectRefusal(other(), 'illegal_transition', 'done'),
        );
      }
      expect((await bench.find(holder)).end?.result?.text).toBe(RESULT.text);
    });

    it('two different reports at once: one is heard', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      const answers = await Promise.allSettled([
        bench.store.complete(holder, RESULT),
        bench.store.fail(holder, GIVE_UP),
        bench.store.release(holder),
      ]);
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('a failure with other words is another report', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.fail(holder, failure({ message: 'One' }));
      await expectUnchanged(bench, holder, () =>
        expectRefusal(
          bench.store.fail(holder, failure({ message: 'Two' })),
          'illegal_transition',
          'queued',
        ),
      );
    });

    it('progress is kept while the attempt runs, and not taken over by the next', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      const progress = { percent: 40, phase: 'decode', message: 'Half way', eta_seconds: 9 };
      await bench.store.heartbeat(holder, null, progress);
      expect((await bench.find(holder)).progress).toEqual(progress);
      expect((await bench.store.findState(holder))?.progress).toEqual(progress);
      await bench.store.release(holder);
      await bench.claimOne();
      expect((await bench.find(holder)).progress).toBeNull();
    });
  });
}

const GIVE_UP = failure({ retry: false });
