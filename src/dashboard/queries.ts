// TanStack Query's cache: when it asks again, and what a refused key does to the session.
import { MutationCache, QueryCache, QueryClient } from '@tanstack/preact-query';
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
