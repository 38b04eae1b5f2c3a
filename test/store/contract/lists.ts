// Conformance: lists, their filters and their pages.
import { describe, expect, it } from 'vitest';
import { JOB_STATUSES } from '../../../src/contract/job.ts';
import type { ListQuery } from '../../../src/store/job-store.ts';
import {
  benchFor,
  expectRefusal,
  newJob,
  RESULT,
  TENANT,
  type Bench,
  type Suite,
} from './harness.ts';

const OTHER = '/v1/video/cut';

async function list(bench: Bench, query: Partial<ListQuery> = {}) {
  const page = await bench.store.list({ ...EVERYTHING, ...query });
  const { jobIds, nextCursor } = await bench.store.listIds({ ...EVERYTHING, ...query });
  expect({ jobIds, nextCursor }).toEqual({
    jobIds: page.jobs.map(({ jobId }) => jobId),
    nextCursor: page.nextCursor,
  });
  return { ids: page.jobs.map(({ id }) => id), nextCursor };
}

export function listTests(suite: Suite): void {
  describe('lists', () => {
    it('newest first, by every filter and their combinations', async () => {
      const bench = await benchFor(suite);
      const start = bench.clock.now();
      for (const id of ['a', 'b', 'c', 'd']) {
        await bench.submit({ id, ...('bd'.includes(id) && { endpoint: OTHER }) });
        bench.clock.advance(1000);
      }
      const holder = await bench.claimOne({ endpoints: [OTHER] });
      await bench.store.complete(holder, RESULT);
      const ids = async (query: Partial<ListQuery>) => (await list(bench, query)).ids;
      expect(await ids({})).toEqual(['d', 'c', 'b', 'a']);
      expect(await ids({ status: 'queued' })).toEqual(['d', 'c', 'a']);
      expect(await ids({ status: 'done' })).toEqual(['b']);
      expect(await ids({ endpoint: OTHER })).toEqual(['d', 'b']);
      expect(await ids({ endpoint: OTHER, status: 'queued' })).toEqual(['d']);
      expect(await ids({ id: 'c' })).toEqual(['c']);
      expect(await ids({ id: 'c', endpoint: OTHER })).toEqual([]);
      expect(await ids({ id: 'b', status: 'done' })).toEqual(['b']);
      expect(await ids({ since: start + 1000 })).toEqual(['d', 'c', 'b']);
      expect(await ids({ until: start + 1000 })).toEqual(['b', 'a']);
      expect(await ids({ since: start + 1000, until: start + 2000 })).toEqual(['c', 'b']);
    });

    it.each([1, 2, 3, 7, 100])('pages of %i miss nothing and repeat nothing', async (limit) => {
      const bench = await benchFor(suite);
      const jobs = Array.from({ length: 12 }, (_, i) => newJob({ id: `${i}` }));
      await bench.store.submit(jobs);
      await bench.inState('done', { id: '12' });
      const ids: (string | null)[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof list>> = await list(bench, { limit, cursor });
        expect(page.ids.length).toBeLessThanOrEqual(limit);
        ids.push(...page.ids);
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(ids).toEqual(Array.from({ length: 13 }, (_, i) => `${12 - i}`));
    });

    it('a page goes on where it ended, whatever came or went meanwhile', async () => {
      const bench = await benchFor(suite);
      for (const id of ['a', 'b', 'c', 'd']) await bench.submit({ id });
      const first = await list(bench, { limit: 2 });
      expect(first.ids).toEqual(['d', 'c']);
      await bench.submit({ id: 'e' });
      await bench.store.cancel(bench.changes[2]!);
      await bench.store.delete(bench.changes[2]!);
      expect((await list(bench, { limit: 2, cursor: first.nextCursor })).ids).toEqual(['b', 'a']);
    });

    it.each(['', 'nonsense', 'bnVsbC5udWxs', '🙂'])('%j is no cursor', async (cursor) => {
      const bench = await benchFor(suite);
      await expectRefusal(bench.store.list({ ...EVERYTHING, cursor }), 'invalid_payload');
    });

    it('states of the jobs that were changed lately, latest first', async () => {
      const bench = await benchFor(suite);
      const first = await bench.submit();
      bench.clock.advance(1000);
      const since = bench.clock.now();
      const second = await bench.submit();
      bench.clock.advance(1000);
      expect([...(await bench.store.listChangedSince(TENANT, since, 10))]).toEqual([
        [second, 'queued'],
      ]);
      await bench.store.cancel({ tenant: TENANT, jobId: first });
      const changed = await bench.store.listChangedSince(TENANT, since, 10);
      expect([...changed]).toEqual([
        [first, 'cancelled'],
        [second, 'queued'],
      ]);
      expect((await bench.store.listChangedSince(TENANT, 0, 1)).size).toBe(1);
    });

    it('whatever changed them: a claim, an end, a way back to the queue, a submission', async () => {
      const bench = await benchFor(suite);
      const jobIds = [];
      for (let n = 0; n < 5; n += 1) jobIds.push(await bench.submit());
      const [done, running, released, cancelled] = jobIds;
      bench.clock.advance(1000);
      const since = bench.clock.now();
      const step = () => bench.clock.advance(10);
      const first = await bench.claimOne();
      step();
      const second = await bench.claimOne();
      step();
      const third = await bench.claimOne();
      expect([first, second, third].map(({ jobId }) => jobId)).toEqual([done, running, released]);
      step();
      await bench.store.release(third);
      step();
      await bench.store.cancel({ tenant: TENANT, jobId: cancelled! });
      step();
      await bench.store.complete(first, RESULT);
      step();
      const submitted = await bench.submit();
      const latest = [
        [submitted, 'queued'],
        [done, 'done'],
        [cancelled, 'cancelled'],
        [released, 'queued'],
        [running, 'running'],
      ];
      const changed = (limit: number) => bench.store.listChangedSince(TENANT, since, limit);
      expect([...(await changed(10))]).toEqual(latest);
      expect([...(await changed(3))]).toEqual(latest.slice(0, 3));
      expect((await bench.store.listChangedSince(TENANT, 0, 10)).size).toBe(6);
    });

    it('states of those asked for that exist', async () => {
      const bench = await benchFor(suite);
      const refs = [];
      for (const status of JOB_STATUSES.toReversed()) refs.push(await bench.inState(status));
      const asked = [...refs.map(({ jobId }) => jobId), '01936d5c-0000-7000-8000-000000000000'];
      const found = await bench.store.findStatuses(TENANT, asked);
      expect([...found.values()].toSorted()).toEqual([...JOB_STATUSES].toSorted());
      for (const ref of refs) expect(found.get(ref.jobId)).toBe(await bench.status(ref));
      expect((await bench.store.findStatuses(TENANT, [])).size).toBe(0);
    });

    it('the submission time of the job that waits longest', async () => {
      const bench = await benchFor(suite);
      expect(await bench.store.oldestQueuedAt(TENANT)).toBeUndefined();
      const at = bench.clock.now();
      await bench.submit();
      bench.clock.advance(500);
      await bench.submit();
      expect(await bench.store.oldestQueuedAt(TENANT)).toBe(at);
      await bench.claimOne();
      expect(await bench.store.oldestQueuedAt(TENANT)).toBe(at + 500);
    });
  });
}

const EVERYTHING: ListQuery = {
  tenant: TENANT,
  status: null,
  endpoint: null,
  id: null,
  since: null,
  until: null,
  limit: 100,
  cursor: null,
};
