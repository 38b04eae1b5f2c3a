// Conformance: ended jobs go when their time is up or by request, and only they.
import { describe, expect, it } from 'vitest';
import { JOB_STATUSES, hasEnded } from '../../../src/contract/job.ts';
import {
  benchFor,
  expectCountersToAgree,
  MANY,
  newJob,
  RESULT,
  RETENTION_MS,
  TENANT,
  type Suite,
} from './harness.ts';

export function retentionTests(suite: Suite): void {
  describe('retention', () => {
    it.each(JOB_STATUSES)('a %s job past its retention', async (status) => {
      const bench = await benchFor(suite);
      const ref = await bench.inState(status);
      const { expiresAt } = await bench.find(ref);
      expect(expiresAt).toBe(hasEnded(status) ? bench.clock.now() + RETENTION_MS : null);
      bench.clock.advance(RETENTION_MS - 1);
      expect(await bench.store.prune(MANY)).toBe(0);
      bench.clock.advance(1);
      expect(await bench.store.prune(MANY)).toBe(hasEnded(status) ? 1 : 0);
      expect(await bench.status(ref)).toBe(hasEnded(status) ? undefined : status);
      await expectCountersToAgree(bench, TENANT);
    });

    it('a job may have a retention of its own', async () => {
      const bench = await benchFor(suite);
      const ref = await bench.inState('done', { retentionSeconds: 60 });
      bench.clock.advance(59_999);
      expect(await bench.store.prune(MANY)).toBe(0);
      bench.clock.advance(1);
      expect(await bench.store.prune(MANY)).toBe(1);
      expect(await bench.store.find(ref)).toBeUndefined();
      expect(await bench.store.listAttempts(ref)).toEqual([]);
    });

    it('without a retention it is kept for ever, unless the job says otherwise', async () => {
      const bench = await benchFor(suite, { retentionMs: 0 });
      const kept = await bench.inState('done');
      const gone = await bench.inState('done', { retentionSeconds: 1 });
      bench.clock.advance(100 * RETENTION_MS);
      expect(await bench.store.prune(MANY)).toBe(1);
      expect(await bench.status(kept)).toBe('done');
      expect(await bench.status(gone)).toBeUndefined();
    });

    it('a retried job is not removed', async () => {
      const bench = await benchFor(suite);
      const ref = await bench.inState('failed', { retentionSeconds: 1 });
      await bench.store.retry(ref);
      bench.clock.advance(RETENTION_MS);
      expect(await bench.store.prune(MANY)).toBe(0);
      expect(await bench.status(ref)).toBe('queued');
    });

    it('removes no more than asked for, the oldest first', async () => {
      const bench = await benchFor(suite);
      const refs = [];
      for (let i = 0; i < 5; i += 1) {
        refs.push(await bench.inState('done'));
        bench.clock.advance(1);
      }
      bench.clock.advance(RETENTION_MS);
      expect(await bench.store.prune(2)).toBe(2);
      const left = await Promise.all(refs.map((ref) => bench.status(ref)));
      expect(left).toEqual([undefined, undefined, 'done', 'done', 'done']);
      expect(await bench.store.prune(MANY)).toBe(3);
    });

    it('a job with a long history goes in several commits, and those behind it after it', async () => {
      const bench = await benchFor(suite);
      const long = await bench.running();
      for (let percent = 0; percent < 1500; percent += 1) {
        bench.clock.advance(1000);
        await bench.store.heartbeat(long, null, { percent: percent / 15 });
      }
      await bench.store.complete(long, RESULT);
      const short = await bench.inState('done');
      bench.clock.advance(RETENTION_MS);
      expect(await bench.store.prune(2)).toBe(2);
      expect([await bench.status(long), await bench.status(short)]).toEqual(['done', 'done']);
      expect(await bench.store.listEvents(long, 0, MANY)).toHaveLength(503);
      expect(await bench.store.prune(2)).toBe(2);
      expect([await bench.status(long), await bench.status(short)]).toEqual([undefined, undefined]);
      expect(await bench.store.prune(2)).toBe(0);
    });

    it('a removed job keeps its idempotency key: the same request does not run twice', async () => {
      const bench = await benchFor(suite);
      const idempotency = { key: 'order-7', digest: 'one', ttlMs: 10 * RETENTION_MS };
      const ref = await bench.inState('done', { idempotency });
      bench.clock.advance(RETENTION_MS);
      await bench.store.prune(MANY);
      expect(await bench.store.find(ref)).toBeUndefined();
      const [again] = await bench.store.submit([newJob({ idempotency })]);
      expect(again).toMatchObject({ jobId: ref.jobId, replayed: true });
    });

    it('a checkpoint loses nothing', async () => {
      const bench = await benchFor(suite);
      const ref = await bench.inState('done');
      await bench.store.checkpoint();
      expect(await bench.status(ref)).toBe('done');
      await bench.restart();
      expect(await bench.status(ref)).toBe('done');
    });
  });
}
