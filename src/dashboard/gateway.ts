// The gateway as the page calls it: tRPC, typed from the gateway's own router.
import {
  createTRPCClient,
  httpBatchLink,
  httpSubscriptionLink,
  splitLink,
  type TRPCClient,
  type TRPCLink,
} from '@trpc/client';
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { EventSource } from 'eventsource';
import type { AppRouter } from '../procedures/router.ts';

export type Gateway = TRPCClient<AppRouter>;
export type Inputs = inferRouterInputs<AppRouter>;
export type Outputs = inferRouterOutputs<AppRouter>;

export type CurrentKey = Outputs['keys']['current'];
export type JobSummary = Outputs['jobs']['list']['jobs'][number];
export type JobDetail = Outputs['job']['get'];
export type JobStatus = JobSummary['job_status'];

/** Longer ones would not fit the gateway's limit. */
const MAX_URL_LENGTH = 8000;

/**
 * The key goes in a header only: a URL ends up in logs and histories. What still comes once `isPast`
 * is nobody's: it is told to none.
 */
export function connect(apiKey: string, isPast: () => boolean): Gateway {
  const url = `${location.origin}/trpc`;
  const key = { 'x-api-key': apiKey };
  return createTRPCClient<AppRouter>({
    links: [
      dropWhen(isPast),
      splitLink({
        condition: ({ type }) => type === 'subscription',
        // A browser's own EventSource sends no headers.
        true: httpSubscriptionLink({
          url,
          EventSource,
          eventSourceOptions: {
            fetch: (input: string | URL, init: RequestInit) =>
              fetch(input, { ...init, headers: { ...(init.headers as object), ...key } }),
          },
        }),
        false: httpBatchLink({ url, headers: key, maxURLLength: MAX_URL_LENGTH }),
      }),
    ],
  });
}

function dropWhen(isPast: () => boolean): TRPCLink<AppRouter> {
  return () =>
    ({ op, next }) =>
      observable((observer) =>
        next(op).subscribe({
          next: (value) => isPast() || observer.next(value),
          error: (error) => isPast() || observer.error(error),
          complete: () => isPast() || observer.complete(),
        }),
      );
}
