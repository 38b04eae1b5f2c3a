// Conformance: a tenant sees, and changes, nothing of another's.
import { describe, expect, it } from 'vitest';
import type { ListQuery } from '../../../src/store/job-store.ts';
import {
  benchFor,
  ENDPOINT,
  expectRefusal,
  expectUnchanged,
  failure,
  newJob,
  RESULT,
  TENANT,
  type Suite,
} from './harness.ts';

const STRANGER = 'umbrella';

export function tenantTests(suite: Suite): void {
  describe('tenants', () => {
    it('by no verb does one reach the job of another', async () => {
      const bench = await benchFor(suite);
      const { store } = bench;
      const running = await bench.running();
      const failed = await bench.inState('failed');
      const held = { ...running, tenant: STRANGER };
      const ended = { ...failed, tenant: STRANGER };
      const calls = [
        () => store.heartbeat(held, null, { percent: 1 }),
        () => store.complete(held, RESULT),
        () => store.fail(held, failure()),
        () => store.release(held),
        () => store.cancel(held),
        () => store.retry(ended),
        () => store.delete(ended),
      ];
      for (const call of calls) {
        await expectUnchanged(bench, running, () => expectRefusal(call(), 'job_not_found'));
      }
      const all = [running.jobId, failed.jobId];
      const none = { matched: 0, changed: 0 };
      await expectUnchanged(bench, running, async () => {
        expect(await store.cancelMany(STRANGER, all)).toEqual(none);
        expect(await store.retryMany(STRANGER, all)).toEqual(none);
      });
      expect(await bench.status(failed)).toBe('failed');
    });

    it('by no read does one see the job of another', async () => {
      const bench = await benchFor(suite);
      const { store } = bench;
      const holder = await bench.inState('done');
      const jobId = await bench.submit({ id: 'mine' });
      const theirs = { tenant: STRANGER, jobId };
      expect(await store.findState(theirs)).toBeUndefined();
      expect(await store.find(theirs)).toBeUndefined();
      expect(await store.listAttempts({ ...holder, tenant: STRANGER })).toEqual([]);
      expect(await store.queuePosition(theirs)).toBeNull();
      expect(await store.queueLength(STRANGER)).toBe(0);
      expect(await store.countByStatus(STRANGER)).toEqual([]);
      expect(await store.oldestQueuedAt(STRANGER)).toBeUndefined();
      expect(await store.listActivity(STRANGER, 0)).toEqual([]);
      expect((await store.listChangedSince(STRANGER, 0, 100)).size).toBe(0);
      expect((await store.findStatuses(STRANGER, [jobId, holder.jobId])).size).toBe(0);
      expect(await store.endpointLoad(STRANGER, ENDPOINT)).toEqual({
        running: 0,
        done: 0,
        runMs: 0,
      });
      for (const filter of [
        {},
        { endpoint: ENDPOINT },
        { id: 'mine' },
        { search: 'mi' },
        { search: jobId },
        { status: 'done' as const },
      ]) {
        const query = { ...EVERYTHING, ...filter };
        expect(await store.list(query)).toEqual({ jobs: [], nextCursor: null });
        expect(await store.listIds(query)).toEqual({ jobIds: [], nextCursor: null });
      }
    });

    it('claims are of the own tenant only', async () => {
      const bench = await benchFor(suite);
      await bench.submit();
      expect(await bench.claim({ tenant: STRANGER, max: 100 })).toEqual([]);
      expect(await bench.claim({ max: 100 })).toHaveLength(1);
    });

    it('two may use the same idempotency key', async () => {
      const bench = await benchFor(suite);
      const jobs = [TENANT, STRANGER].map((tenant) =>
        newJob({ tenant, idempotency: { key: 'order-7', digest: tenant, ttlMs: 1000 } }),
      );
      const submitted = await bench.store.submit(jobs);
      expect(submitted.map(({ replayed }) => replayed)).toEqual([false, false]);
    });

    it('each has its own queue length', async () => {
      const bench = await benchFor(suite);
      const [, theirs] = await bench.store.submit([newJob(), newJob({ tenant: STRANGER })]);
      expect(theirs!.queueLength).toBe(1);
      expect(await bench.store.queueLength(TENANT)).toBe(1);
    });
  });
}

const EVERYTHING: ListQuery = {
  tenant: STRANGER,
  status: null,
  endpoint: null,
  id: null,
  search: null,
  since: null,
  until: null,
  limit: 10,
  cursor: null,
};
