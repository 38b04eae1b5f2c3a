// Conformance: lists, their filters and their pages.
import { describe, expect, it } from 'vitest';
import { JOB_STATUSES } from '../../../src/contract/job.ts';
import type { JobPage, ListQuery } from '../../../src/store/job-store.ts';
import {
  benchFor,
  ENDPOINT,
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

const IMPORTED = {
  tenant: TENANT,
  endpoint: ENDPOINT,
  status: 'done' as const,
  workerPid: null,
  end: {
    code: 200,
    message: 'success',
    result: RESULT,
    pid: 1,
    totalMs: 0,
    runMs: 0,
    queueLength: 0,
    buildNumber: '1.0.0',
  },
};

/** The callers' ids on all pages of a search. */
async function searchAll(bench: Bench, query: Partial<ListQuery>) {
  const ids: (string | null)[] = [];
  let cursor: string | null = null;
  do {
    const asked: ListQuery = { ...EVERYTHING, ...query, limit: 500, cursor };
    const page: JobPage = await bench.store.list(asked);
    ids.push(...page.jobs.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return ids;
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

    it('by what the id begins with: ours in either case, the caller’s as it is', async () => {
      const bench = await benchFor(suite);
      const ids = ['order-1', 'order-12', 'Order-1', 'ordes', 'orde', 'é/1', 'é', null];
      const jobIds: string[] = [];
      for (const id of ids) jobIds.push(await bench.submit({ id }));
      const found = async (search: string) => (await list(bench, { search })).ids;
      expect(await found('order-1')).toEqual(['order-12', 'order-1']);
      expect(await found('order')).toEqual(['order-12', 'order-1']);
      expect(await found('orde')).toEqual(['orde', 'ordes', 'order-12', 'order-1']);
      expect(await found('Order-1')).toEqual(['Order-1']);
      expect(await found('é')).toEqual(['é', 'é/1']);
      for (const none of ['order-123', 'rder', '%', '_', '*', '?', 'É', "'", '\u{10FFFF}', 'g']) {
        expect({ none, found: await found(none) }).toEqual({ none, found: [] });
      }
      for (const [at, jobId] of jobIds.entries()) {
        expect(await found(jobId)).toEqual([ids[at]]);
        expect(await found(jobId.toUpperCase())).toEqual([ids[at]]);
        expect(await found(`${jobId}0`)).toEqual([]);
      }
      for (const length of [1, 8, 9, 13]) {
        expect(await found(jobIds[0]!.slice(0, length))).toEqual(ids.toReversed());
      }
    });

    it('a job whose ids both begin with it is there once', async () => {
      const bench = await benchFor(suite);
      const [first] = await bench.store.submit([newJob({ id: 'a' })]);
      const begin = first!.jobId.slice(0, 8);
      await bench.submit({ id: `${begin}-mine` });
      await bench.submit({ id: `${begin.toUpperCase()}-other` });
      const found = await list(bench, { search: begin });
      expect(found).toEqual({
        ids: [`${begin.toUpperCase()}-other`, `${begin}-mine`, 'a'],
        nextCursor: null,
      });
    });

    it('a search together with every other filter', async () => {
      const bench = await benchFor(suite);
      const start = bench.clock.now();
      for (const id of ['a1', 'b1', 'a2', 'a3']) {
        await bench.submit({ id, ...(id === 'a2' && { endpoint: OTHER }) });
        bench.clock.advance(1000);
      }
      await bench.store.complete(await bench.claimOne(), RESULT);
      const ids = async (query: Partial<ListQuery>) =>
        (await list(bench, { search: 'a', ...query })).ids;
      expect(await ids({})).toEqual(['a3', 'a2', 'a1']);
      expect(await ids({ status: 'done' })).toEqual(['a1']);
      expect(await ids({ status: 'queued' })).toEqual(['a3', 'a2']);
      expect(await ids({ endpoint: OTHER })).toEqual(['a2']);
      expect(await ids({ endpoint: OTHER, status: 'done' })).toEqual([]);
      expect(await ids({ id: 'a2' })).toEqual(['a2']);
      expect(await ids({ id: 'b1' })).toEqual([]);
      expect(await ids({ since: start + 1000 })).toEqual(['a3', 'a2']);
      expect(await ids({ until: start + 2000 })).toEqual(['a2', 'a1']);
      const first = await list(bench, { search: 'a', limit: 2 });
      expect(first.ids).toEqual(['a3', 'a2']);
      const { nextCursor: cursor } = first;
      expect(await list(bench, { search: 'a', limit: 2, cursor })).toEqual({
        ids: ['a1'],
        nextCursor: null,
      });
    });

    it('a search of very many ids of ours goes by their time, also where it is not in the id', async () => {
      const bench = await benchFor(suite);
      const ids: (string | null)[] = [];
      const submit = async (count: number, name: string) => {
        const jobs = Array.from({ length: count }, (_, i) => newJob({ id: `${name}${i}` }));
        await bench.store.submit(jobs);
        return jobs.map(({ id }) => id).toReversed();
      };
      // The first eight digits of an id are the same for 65,536 ms.
      bench.clock.setWall(Math.ceil(bench.clock.now() / 65_536) * 65_536);
      const began = bench.clock.now();
      bench.clock.setWall(began - 1_800_000);
      await submit(2500, 'earlier-');
      bench.clock.setWall(began);
      const [first] = await bench.store.submit([newJob({ id: 'first' })]);
      const begin = first!.jobId.slice(0, 8);
      // An id goes on where the one before was; the job is as old as the clock says.
      bench.clock.setWall(began - 3_600_000);
      const before = await submit(3, 'set-back-');
      bench.clock.setWall(began + 1);
      for (let n = 0; n < 11; n += 1) ids.unshift(...(await submit(1000, `${n}-`)));
      bench.clock.advance(24 * 3_600_000);
      await submit(2500, 'later-');
      bench.clock.advance(1000);
      const late = { ...IMPORTED, jobId: `${begin}-0000-4000-8000-000000000000`, id: 'imported' };
      await bench.store.importEnded([{ ...late, endedAt: bench.clock.now() }]);
      bench.clock.advance(1000);
      await submit(2500, 'last-');
      const all = ['imported', ...ids, 'first', ...before];
      expect(await searchAll(bench, { search: begin })).toEqual(all);
      const { ids: page } = await list(bench, { search: begin.toUpperCase(), limit: 3 });
      expect(page[0]).toBe('imported');
      expect(await searchAll(bench, { search: begin, status: 'done' })).toEqual(['imported']);
      expect(await searchAll(bench, { search: begin, tenant: 'other' })).toEqual([]);
    });

    it('imported jobs are found among the others by their time, whatever their ids', async () => {
      const bench = await benchFor(suite);
      await bench.submit({ id: 'first' });
      bench.clock.advance(10_000);
      const at = bench.clock.now() - 5000;
      const all = ['0fffffff', '01000000'].map((begin, i) => ({
        ...IMPORTED,
        endedAt: at,
        jobId: `${begin}-0000-4000-8000-000000000000`,
        id: `imported-${i}`,
      }));
      await bench.store.importEnded(all);
      await bench.submit({ id: 'last' });
      const found = async (search: string) => (await list(bench, { search })).ids;
      expect(await found('0')).toEqual(['last', 'imported-1', 'imported-0', 'first']);
      expect(await found('0F')).toEqual(['imported-0']);
    });

    it('a search of very many finds each once, newest first, however far apart', async () => {
      const bench = await benchFor(suite);
      // The last of the old ones have the same id.
      const idOf = (begin: string, n: number) => (n < 9500 ? `${begin}${n}` : `${begin}z`);
      const submitMany = async (count: number, begin: string) => {
        for (let n = 0; n < count; n += 1000) {
          const ids = Array.from({ length: 1000 }, (_, i) => idOf(begin, n + i));
          await bench.store.submit(ids.map((id) => newJob({ id, endpoint: endpointOf(id) })));
          bench.clock.advance(1);
        }
      };
      const endpointOf = (id: string) => (id.endsWith('7') ? OTHER : ENDPOINT);
      await submitMany(11_000, 'old-');
      await submitMany(6000, 'new-');
      const all = Array.from({ length: 11_000 }, (_, i) => idOf('old-', 10_999 - i));
      expect(await searchAll(bench, { search: 'old-' })).toEqual(all);
      const ofOther = all.filter((id) => endpointOf(id) === OTHER);
      expect(await searchAll(bench, { search: 'old-', endpoint: OTHER })).toEqual(ofOther);
      expect(await searchAll(bench, { search: 'old-77' })).toEqual(
        all.filter((id) => id.startsWith('old-77')),
      );
      const { ids } = await list(bench, { search: 'new', limit: 3 });
      expect(ids).toEqual(['new-5999', 'new-5998', 'new-5997']);
      expect(await searchAll(bench, { search: '0' })).toHaveLength(17_000);
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
  search: null,
  since: null,
  until: null,
  limit: 100,
  cursor: null,
};
