// What happens in the gateway, as it happens: one subscription for the whole page.
import { useEffect } from 'preact/hooks';
import type { JobEvent } from '../contract/job-event.ts';
import type { Gateway } from './gateway.ts';
import { patchJobs } from './job-patches.ts';
import { connection, followJobs } from './job-stream.ts';
import { queries, readAgain } from './queries.ts';
import { createStore } from './store.ts';

/** Each event in its turn, for those who follow it. */
export const latestEvent = createStore<JobEvent | undefined>(undefined);

/**
 * However much happens, counts and lists are read again only so long after the last reading,
 * milliseconds. With two readings it is to be less than the second in which a job's end is seen.
 */
const REFRESH_PAUSE_MS = 500;

/** Events that come within it are shown together: a busy gateway has thousands a second. */
const SHOW_EVERY_MS = 50;

/** What is counted or listed over many jobs, by the first part of its query key. */
const OVER_MANY = ['stats', 'activity', 'workers', 'webhook-failures', 'jobs'];

/** Follows all jobs of the key's tenant while the component is there. */
export function useLive(gateway: Gateway): void {
  // Not where the session goes on with another key: the page stays live.
  useEffect(() => () => connection.set('connecting'), []);
  useEffect(() => {
    let untold: JobEvent[] = [];
    const show = throttle(() => {
      const events = untold;
      untold = [];
      patchJobs(events);
    }, SHOW_EVERY_MS);
    const refresh = throttle(readMany, REFRESH_PAUSE_MS);
    const stop = followJobs(gateway, (event) => {
      untold.push(event);
      show();
      refresh();
      latestEvent.set(event);
    });
    return () => {
      stop();
      show.cancel();
      refresh.cancel();
      // What this gateway was asked it answers no more.
      void queries.cancelQueries();
    };
  }, [gateway]);
}

/** Resolves when it is read, so that slow answers are not cut off by the next reading. */
async function readMany(): Promise<void> {
  await Promise.all(OVER_MANY.map((name) => readAgain([name])));
}

/** Calls at once, and once more after the pause when it was called meanwhile. */
function throttle(call: () => void | Promise<void>, pauseMs: number): { (): void; cancel(): void } {
  let isBusy = false;
  let isAskedAgain = false;
  let isCancelled = false;
  const run = async () => {
    isBusy = true;
    isAskedAgain = false;
    await call();
    setTimeout(() => {
      isBusy = false;
      if (isAskedAgain && !isCancelled) void run();
    }, pauseMs);
  };
  const throttled = () => {
    if (isBusy) isAskedAgain = true;
    else void run();
  };
  return Object.assign(throttled, { cancel: () => void (isCancelled = true) });
}
