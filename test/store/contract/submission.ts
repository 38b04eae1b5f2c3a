// Conformance: what is submitted is kept as it came, all or none, within the limit, once per key.
import { describe, expect, it } from 'vitest';
import { JsonText } from '../../../src/contract/json-text.ts';
import type { NewJob } from '../../../src/store/job-store.ts';
import { benchFor, ENDPOINT, expectRefusal, MANY, newJob, TENANT, type Suite } from './harness.ts';

const DAY_MS = 24 * 3600 * 1000;

const idempotency = (key: string, digest = 'digest') => ({ key, digest, ttlMs: DAY_MS });

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function submissionTests(suite: Suite): void {
  describe('submission', () => {
    it('answers a key with its job for as long as it is kept, though the job was deleted', async () => {
      const { store } = await benchFor(suite);
      const job = newJob({ idempotency: idempotency('once') });
      const [first] = await store.submit([job]);
      const ref = { tenant: TENANT, jobId: first!.jobId };
      await store.cancel(ref);
      await store.delete(ref);
      const [again] = await store.submit([job]);
      expect(again).toMatchObject({ jobId: first!.jobId, replayed: true });
      expect(await store.find(ref)).toBeUndefined();
    });

    it('keeps a job as it came', async () => {
      const bench = await benchFor(suite);
      const payload = new JsonText('{"b":1,"a":[1e3,"\\u0041 😀"],"__proto__":{}}');
      const now = bench.clock.now();
      const job: NewJob = {
        tenant: TENANT,
        endpoint: ENDPOINT,
        payload,
        id: 'order "7" 😀',
        priority: -100,
        runAt: now + 60_000,
        maxAttempts: 100,
        maxRuntimeSeconds: 7,
        retentionSeconds: 8,
        webhookUrl: 'https://example.com/hook',
        idempotency: null,
      };
      const [submitted] = await bench.store.submit([job]);
      expect(submitted!.jobId).toMatch(UUID);
      expect(submitted).toMatchObject({ id: job.id, queueLength: 0, replayed: false });
      const found = await bench.find({ tenant: TENANT, jobId: submitted!.jobId });
      expect(found.payload.text).toBe(payload.text);
      expect(found).toMatchObject({
        jobId: submitted!.jobId,
        tenant: TENANT,
        id: job.id,
        endpoint: ENDPOINT,
        status: 'queued',
        version: 1,
        attempt: 1,
        maxAttempts: 100,
        maxRuntimeSeconds: 7,
        retentionSeconds: 8,
        priority: -100,
        runAt: now + 60_000,
        createdAt: now,
        fence: 0,
        lostLeases: 0,
        end: null,
        progress: null,
        workerId: null,
        workerPid: null,
        startedAt: null,
        endedAt: null,
        expiresAt: null,
        cancelRequestedAt: null,
      });
      expect(await bench.store.listAttempts(found)).toEqual([]);
    });

    it('a state is the short form of the job', async () => {
      const bench = await benchFor(suite);
      const jobId = await bench.submit({ id: 'mine' });
      expect(await bench.store.findState({ tenant: TENANT, jobId })).toEqual({
        jobId,
        tenant: TENANT,
        id: 'mine',
        endpoint: ENDPOINT,
        status: 'queued',
        version: 1,
        workerPid: null,
        createdAt: bench.clock.now(),
        runAt: bench.clock.now(),
        startedAt: null,
        progress: null,
        end: null,
      });
    });

    it('a job that is not there is undefined', async () => {
      const bench = await benchFor(suite);
      const nobody = { tenant: TENANT, jobId: '01936d5c-0000-7000-8000-000000000000' };
      expect(await bench.store.findState(nobody)).toBeUndefined();
      expect(await bench.store.find(nobody)).toBeUndefined();
      expect(await bench.store.listAttempts(nobody)).toEqual([]);
      expect(await bench.store.queuePosition(nobody)).toBeNull();
    });

    it('ids rise in the order of submission', async () => {
      const bench = await benchFor(suite);
      const jobs = await bench.store.submit(Array.from({ length: 500 }, () => newJob()));
      const ids = jobs.map(({ jobId }) => jobId);
      expect(ids.toSorted()).toEqual(ids);
      expect(new Set(ids).size).toBe(500);
    });

    it('tells the queue length at that moment', async () => {
      const bench = await benchFor(suite);
      const runAt = bench.clock.now() + 1000;
      const jobs = await bench.store.submit([newJob(), newJob({ runAt }), newJob()]);
      expect(jobs.map(({ queueLength }) => queueLength)).toEqual([1, 1, 2]);
      expect(await bench.store.queueLength(TENANT)).toBe(2);
    });

    it('adds all of them or none', async () => {
      const bench = await benchFor(suite, { maxQueueLength: 3 });
      await expectRefusal(
        bench.store.submit([newJob(), newJob(), newJob(), newJob()]),
        'too_many_requests',
      );
      expect(await bench.store.countByStatus(TENANT)).toEqual([]);
      expect(bench.changes).toEqual([]);
      expect(await bench.claim({ max: 10 })).toEqual([]);
      expect(await bench.store.submit([newJob(), newJob(), newJob()])).toHaveLength(3);
    });

    it('none at all is none', async () => {
      const bench = await benchFor(suite);
      expect(await bench.store.submit([])).toEqual([]);
    });

    it('a bad one in the middle leaves no key behind', async () => {
      const bench = await benchFor(suite, { maxQueueLength: 1 });
      const keyed = newJob({ idempotency: idempotency('one') });
      await expectRefusal(bench.store.submit([keyed, newJob()]), 'too_many_requests');
      const [submitted] = await bench.store.submit([keyed]);
      expect(submitted!.replayed).toBe(false);
    });

    it('the limit is exact under 200 concurrent submissions', async () => {
      const bench = await benchFor(suite, { maxQueueLength: 50 });
      const answers = await Promise.allSettled(
        Array.from({ length: 200 }, (_, i) =>
          bench.store.submit([newJob({ tenant: `tenant-${i % 3}` })]),
        ),
      );
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
      const counts = await Promise.all(
        [0, 1, 2].map((i) => bench.store.queueLength(`tenant-${i}`)),
      );
      expect(counts.reduce((sum, n) => sum + n)).toBe(50);
      const refusal = await expectRefusal(bench.store.submit([newJob()]), 'too_many_requests');
      expect(refusal.message).toBe('MAX_QUEUE_LENGTH (50) reached');
      expect(refusal.details.retryAfterSeconds).toBeGreaterThan(0);
    });

    it('the limit counts delayed jobs, and not those that left the queue', async () => {
      const bench = await benchFor(suite, { maxQueueLength: 2 });
      await bench.submit({ runAt: bench.clock.now() + 1000 });
      await bench.submit();
      await expectRefusal(bench.store.submit([newJob()]), 'too_many_requests');
      await bench.claimOne();
      await bench.submit();
      await expectRefusal(bench.store.submit([newJob()]), 'too_many_requests');
    });

    it('the same key and request is the same job', async () => {
      const bench = await benchFor(suite, { maxQueueLength: 1 });
      const keyed = newJob({ id: 'mine', idempotency: idempotency('order-7') });
      const [first] = await bench.store.submit([keyed]);
      await bench.restart();
      const [again] = await bench.store.submit([keyed]);
      expect(again).toEqual({ ...first, replayed: true });
      expect(bench.changes).toHaveLength(1);
    });

    it('the same key with another request is a conflict', async () => {
      const bench = await benchFor(suite);
      await bench.submit({ idempotency: idempotency('order-7') });
      const other = newJob({ idempotency: idempotency('order-7', 'another') });
      await expectRefusal(bench.store.submit([newJob(), other]), 'idempotency_mismatch');
      expect(await bench.store.queueLength(TENANT)).toBe(1);
    });

    it('a key is forgotten when its time is up', async () => {
      const bench = await benchFor(suite);
      const keyed = newJob({ idempotency: idempotency('order-7') });
      const [first] = await bench.store.submit([keyed]);
      bench.clock.advance(DAY_MS - 1);
      expect((await bench.store.submit([keyed]))[0]!.jobId).toBe(first!.jobId);
      bench.clock.advance(1);
      const [second] = await bench.store.submit([keyed]);
      expect(second!.replayed).toBe(false);
      expect(second!.jobId).not.toBe(first!.jobId);
      await bench.store.prune(MANY);
      expect((await bench.store.submit([keyed]))[0]!.jobId).toBe(second!.jobId);
    });

    it('pruning goes on while keys are left', async () => {
      const bench = await benchFor(suite);
      const keyed = Array.from({ length: 25 }, (_, i) =>
        newJob({ idempotency: idempotency(`order-${i}`) }),
      );
      await bench.store.submit(keyed);
      bench.clock.advance(DAY_MS);
      // A full batch is what tells the maintenance that there is more.
      expect(await bench.store.prune(10)).toBe(10);
      expect(await bench.store.prune(10)).toBe(10);
      expect(await bench.store.prune(10)).toBeLessThan(10);
    });

    it('a thousand equal submissions at once make one job', async () => {
      const bench = await benchFor(suite);
      const keyed = newJob({ idempotency: idempotency('order-7') });
      const answers = await Promise.all(
        Array.from({ length: 1000 }, () => bench.store.submit([keyed])),
      );
      const submitted = answers.flat();
      expect(new Set(submitted.map(({ jobId }) => jobId)).size).toBe(1);
      expect(submitted.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(await bench.store.queueLength(TENANT)).toBe(1);
    });
  });
}
