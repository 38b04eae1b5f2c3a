// Changing many jobs by request: in small commits, so that nobody else waits for all of it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JobStatus } from '../contract/job.ts';
import type { JobFilter, JobStore, ManyChanged } from '../store/job-store.ts';

/** Jobs in one commit: a few milliseconds. */
const BATCH = 100;

/** Jobs counted in one read: about as long. */
const COUNT_BATCH = 1000;

export type ManyVerb = 'cancel' | 'retry';

/** States that a job may be in for it. */
export const FITTING = {
  cancel: ['queued', 'running'],
  retry: ['failed', 'cancelled'],
} as const satisfies Record<ManyVerb, readonly JobStatus[]>;

/** Which jobs: these, or those that a filter finds. */
export type JobSelection =
  | { tenant: string; jobIds: readonly string[] }
  | { filter: JobFilter; jobIds?: never };

/**
 * Cancels or retries the selected jobs that are in a state for it, until all are done or the signal
 * says stop; what was done stays done. Jobs submitted meanwhile are not among those of a filter.
 */
export async function changeMany(
  store: JobStore,
  verb: ManyVerb,
  selection: JobSelection,
  { signal, by }: { signal: AbortSignal; by?: string },
): Promise<ManyChanged> {
  const total = { matched: 0, changed: 0 };
  for await (const { tenant, jobIds } of batches(store, verb, selection)) {
    if (signal.aborted) break;
    const { matched, changed } = await store[`${verb}Many`](tenant, jobIds, by);
    total.matched += matched;
    total.changed += changed;
  }
  return total;
}

/** How many `changeMany` would find now. */
export async function countMany(
  store: JobStore,
  verb: ManyVerb,
  selection: JobSelection,
  signal: AbortSignal,
): Promise<number> {
  const { jobIds } = selection;
  if (!jobIds) return countFound(store, verb, selection.filter, signal);
  const found = await store.findStatuses(selection.tenant, jobIds);
  return [...found.values()].filter((status) => isFitting(verb, status)).length;
}

function isFitting(verb: ManyVerb, status: JobStatus): boolean {
  return FITTING[verb].some((fitting) => fitting === status);
}

/** From the counters where the filter is one of theirs, whatever the number of jobs. */
async function countFound(
  store: JobStore,
  verb: ManyVerb,
  filter: JobFilter,
  signal: AbortSignal,
): Promise<number> {
  const { tenant, status: wanted, endpoint: path, id, since, until } = filter;
  if (id !== null || since !== null || until !== null) {
    return countPages(store, verb, filter, signal);
  }
  const counts = await store.countByStatus(tenant);
  return counts
    .filter(({ status }) => isFitting(verb, status) && status === (wanted ?? status))
    .filter(({ endpoint }) => endpoint === (path ?? endpoint))
    .reduce((sum, { count }) => sum + count, 0);
}

async function countPages(
  store: JobStore,
  verb: ManyVerb,
  filter: JobFilter,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for await (const jobIds of pages(store, verb, filter, COUNT_BATCH)) {
    if (signal.aborted) break;
    count += jobIds.length;
  }
  return count;
}

async function* batches(store: JobStore, verb: ManyVerb, selection: JobSelection) {
  const { jobIds: given } = selection;
  if (!given) {
    const { filter } = selection;
    for await (const jobIds of pages(store, verb, filter, BATCH)) {
      yield { tenant: filter.tenant, jobIds };
    }
    return;
  }
  for (let from = 0; from < given.length; from += BATCH) {
    yield { tenant: selection.tenant, jobIds: given.slice(from, from + BATCH) };
  }
}

/** Ids of the jobs in each fitting state, a page at a time. */
async function* pages(store: JobStore, verb: ManyVerb, filter: JobFilter, limit: number) {
  const { status: wanted } = filter;
  for (const status of FITTING[verb]) {
    if (status !== (wanted ?? status)) continue;
    let cursor: string | null = null;
    do {
      const page = await store.listIds({ ...filter, status, search: null, limit, cursor });
      if (page.jobIds.length > 0) yield page.jobIds;
      cursor = page.nextCursor;
      await nextTurn();
    } while (cursor !== null);
  }
}
