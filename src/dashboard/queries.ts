// TanStack Query's cache: when it asks again, and what a refused key does to the session.
import {
  MutationCache,
  QueryCache,
  QueryClient,
  type Query,
  type QueryKey,
} from '@tanstack/preact-query';
import { endRefused, statusOf } from './session.ts';

/** A gateway that restarts is back within seconds. */
const MAX_RETRIES = 3;

/** What the browser holds for offline may reach the gateway; and a deed put off would be done unasked. */
const NETWORK_MODE = 'always';

function onError(error: unknown): void {
  if (statusOf(error) === 401) void endRefused();
}

export const queries = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      networkMode: NETWORK_MODE,
      // What changes is told: `live.ts` says what to read again.
      staleTime: 30_000,
      retry: (failures, error) => {
        const status = statusOf(error);
        const mayPass = status === undefined || status === 429 || status >= 500;
        return mayPass && failures < MAX_RETRIES;
      },
    },
    mutations: { networkMode: NETWORK_MODE, retry: false },
  },
});

/**
 * Reads again what is shown of it. A next page on its way is waited for: a click asked for it, and a
 * reading of the whole list would take its place. So is a first reading, which goes on, may be of
 * before, and would count as the new one.
 */
export async function readAgain(queryKey: QueryKey = []): Promise<void> {
  const kept = queries
    .getQueryCache()
    .findAll({ queryKey, predicate: (query) => isGrowing(query) || isFirst(query) });
  const others = { queryKey, predicate: (query: Query) => !kept.includes(query) };
  const later = kept.map(async (query) => {
    await endOfReading(query);
    await queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
  });
  await Promise.all([queries.invalidateQueries(others), ...later]);
}

/** Resolves once no next page of the list is on its way. */
export async function nextPageRead(queryKey: QueryKey): Promise<void> {
  const growing = queries.getQueryCache().findAll({ queryKey, predicate: isGrowing });
  await Promise.all(growing.map(endOfReading));
}

function isGrowing({ state }: Query): boolean {
  return state.fetchStatus === 'fetching' && state.fetchMeta?.fetchMore !== undefined;
}

function isFirst({ state }: Query): boolean {
  return state.fetchStatus === 'fetching' && state.data === undefined;
}

/** Whatever it came to. */
export async function endOfReading({ promise }: Query): Promise<void> {
  await promise?.catch(() => {});
}
