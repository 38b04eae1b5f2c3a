// The stream of all events of the tenant's jobs: whether it is there, and how it comes back.
import type { JobEvent } from '../contract/job-event.ts';
import type { Gateway } from './gateway.ts';
import { readAgain } from './queries.ts';
import { endRefused, statusOf } from './session.ts';
import { createStore } from './store.ts';

/** `connecting` until the stream is there for the first time, `offline` while it is gone. */
export const connection = createStore<'connecting' | 'live' | 'offline'>('connecting');

/** Less than the second in which a job's end is to be seen, also after a restart. */
const RECONNECT_MS = 500;

/**
 * Goes on from the last event after each break. By itself a stream would come back only after three
 * seconds, and never when a proxy answered for the gateway meanwhile.
 */
export function followJobs(gateway: Gateway, tell: (event: JobEvent) => void): () => void {
  let lastEventId: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let subscription = open();

  function open() {
    return gateway.jobs.watch.subscribe(lastEventId === undefined ? {} : { lastEventId }, {
      onStarted: () => {
        // What happened while there was no stream may be more than it tells again.
        if (connection.get() !== 'connecting') void readAgain();
        connection.set('live');
      },
      onData: ({ id, data }) => {
        lastEventId = id;
        tell(data);
      },
      onConnectionStateChange: ({ error }) => {
        if (error) lost(error);
      },
      onError: lost,
    });
  }

  function lost(error: Error): void {
    if (isRefused(error)) return void endRefused();
    connection.set('offline');
    clearTimeout(timer);
    timer = setTimeout(() => {
      subscription.unsubscribe();
      subscription = open();
    }, RECONNECT_MS);
  }

  return () => {
    clearTimeout(timer);
    subscription.unsubscribe();
  };
}

/** Told within the stream, or as the answer to its request. */
function isRefused(error: Error): boolean {
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return statusOf(error) === 401 || code === 401;
}
