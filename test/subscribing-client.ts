// A tRPC client for subscriptions, as a program in Node.js writes one.
import { createTRPCClient, httpSubscriptionLink, type TRPCClient } from '@trpc/client';
import { EventSource } from 'eventsource';
import type { AppRouter } from '../src/index.ts';

/** A client whose subscriptions send the key in the header. */
export function subscribingClient({ url }: { url: string }, key: string): TRPCClient<AppRouter> {
  return createTRPCClient<AppRouter>({
    links: [
      httpSubscriptionLink({
        url: `${url}/trpc`,
        EventSource,
        eventSourceOptions: {
          fetch: (input: string | URL, init: RequestInit) => {
            const headers = new Headers(init.headers);
            headers.set('x-api-key', key);
            return fetch(input, { ...init, headers });
          },
        },
      }),
    ],
  });
}
