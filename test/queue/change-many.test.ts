// Changing many jobs: every one of them once, in small commits, and no more once the caller has gone.
import { expect, it } from 'vitest';
import { changeMany, countMany } from '../../src/queue/change-many.ts';
import type { JobFilter } from '../../src/store/job-store.ts';
import { ENDPOINT, JOB, queueStore, TENANT } from './queue-store.ts';

const ALL: JobFilter = {
  tenant: TENANT,
  status: null,
  endpoint: null,
  id: null,
  since: null,
  until: null,
};
const { signal } = new AbortController();

async function filled(jobs: number) {
  const queue = queueStore();
  const { store, clock } = queue;
  const jobIds: string[] = [];
  while (jobIds.length < jobs) {
    clock.advance(1);
    const odd = { ...JOB, id: 'odd' };
    const pack = Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? { ...JOB, id: 'even' } : odd));
    jobIds.push(...(await store.submit(pack)).map(({ jobId }) => jobId));
  }
  /** Jobs in each commit of the verb. */
  const batches: number[] = [];
  const counting = {
    ...store,
    cancelMany: (tenant: string, ids: readonly string[]) => {
      batches.push(ids.length);
      return store.cancelMany(tenant, ids);
    },
  };
  return { ...queue, store: counting, jobIds, batches };
}

it('of a filter, each once, and then none are left', async () => {
  const { store, claimOne, batches } = await filled(250);
  await claimOne();
  const ofFilter = { filter: { ...ALL, endpoint: ENDPOINT } };
  expect(await countMany(store, 'cancel', ofFilter, signal)).toBe(250);
  expect(await changeMany(store, 'cancel', ofFilter, { signal })).toEqual({
    matched: 250,
    changed: 250,
  });
  expect(batches).toEqual([100, 100, 49, 1]);
  expect(await changeMany(store, 'cancel', ofFilter, { signal })).toEqual({
    matched: 1,
    changed: 0,
  });
  expect(await changeMany(store, 'retry', ofFilter, { signal })).toEqual({
    matched: 249,
    changed: 249,
  });
  expect(await store.queueLength(TENANT)).toBe(249);
});

it('counts by what the counters do not have, page by page', async () => {
  const { store, clock } = await filled(2100);
  const count = (filter: Partial<JobFilter>) =>
    countMany(store, 'cancel', { filter: { ...ALL, ...filter } }, signal);
  expect(await count({ id: 'even' })).toBe(1050);
  expect(await count({ id: 'even', endpoint: '/v1/other' })).toBe(0);
  expect(await count({ until: clock.now() })).toBe(2100);
  expect(await count({ since: clock.now() })).toBe(50);
  expect(await count({ status: 'running', since: 0 })).toBe(0);
  expect(await count({ endpoint: '/v1/other' })).toBe(0);
});

it('of ids, in batches, leaving out what is not there', async () => {
  const { store, jobIds, batches } = await filled(150);
  const ofIds = { tenant: TENANT, jobIds: [...jobIds, 'none'] };
  expect(await countMany(store, 'cancel', ofIds, signal)).toBe(150);
  expect(await changeMany(store, 'cancel', ofIds, { signal })).toEqual({
    matched: 150,
    changed: 150,
  });
  expect(batches).toEqual([100, 51]);
  expect(await countMany(store, 'cancel', ofIds, signal)).toBe(0);
});

it('jobs that come while it runs are left alone', async () => {
  const { store, submit, batches } = await filled(150);
  const { cancelMany } = store;
  let late = '';
  store.cancelMany = async (tenant, ids) => {
    late ||= await submit();
    return cancelMany(tenant, ids);
  };
  const cancelled = await changeMany(store, 'cancel', { filter: ALL }, { signal });
  expect({ cancelled, batches }).toEqual({
    cancelled: { matched: 150, changed: 150 },
    batches: [100, 50],
  });
  expect(await store.findStatuses(TENANT, [late])).toEqual(new Map([[late, 'queued']]));
});

it('stops when the caller has gone; what was done is told, and the next call goes on', async () => {
  const { store } = await filled(250);
  const gone = new AbortController();
  const { cancelMany } = store;
  store.cancelMany = async (tenant, ids) => {
    const changed = await cancelMany(tenant, ids);
    gone.abort();
    return changed;
  };
  const ofFilter = { filter: ALL };
  expect(await changeMany(store, 'cancel', ofFilter, { signal: gone.signal })).toMatchObject({
    changed: 100,
  });
  expect(await changeMany(store, 'cancel', ofFilter, { signal })).toMatchObject({ changed: 150 });
});
