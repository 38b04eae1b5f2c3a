// The gateway as the page calls it: tRPC, typed from the gateway's own router.
import {
  createTRPCClient,
  httpLink,
  httpSubscriptionLink,
  splitLink,
  type TRPCClient,
} from '@trpc/client';
import { EventSource } from 'eventsource';
import type { AppRouter } from 'jobgate';

export type Gateway = TRPCClient<AppRouter>;

/** The key goes in a header only: a URL ends up in logs and histories. */
export function connect(apiKey: string): Gateway {
  const url = `${location.origin}/trpc`;
  const key = { 'x-api-key': apiKey };
  return createTRPCClient<AppRouter>({
    links: [
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
        false: httpLink({ url, headers: key }),
      }),
    ],
  });
}
