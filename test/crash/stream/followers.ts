// Those who follow through every crash: over Server-Sent Events, and over tRPC with its own client.
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobEvent } from '../../../src/contract/job-event.ts';
import { readMessages } from '../../event-messages.ts';
import { subscribingClient } from '../../subscribing-client.ts';
import type { GatewayClient } from '../gateway-client.ts';

const RETRY_MS = 20;

/** What somebody was told, with the ids that it was told under. */
export interface Followed {
  who: string;
  /** Undefined for all jobs. */
  jobId: string | undefined;
  ids: string[];
  events: JobEvent[];
  /** Connections that began after an id and told something. */
  resumes: number;
  faults: string[];
}

export interface Follower {
  followed: Followed;
  /** Resolves when it was told that there is no more. */
  over: Promise<void>;
  leave(): void;
}

/** As `EventSource` does, only sooner: it comes back after every end, until it is answered 204. */
export function followOverSse(client: GatewayClient, jobId: string): Follower {
  const followed = newFollowed('SSE', jobId);
  const controller = new AbortController();
  const { signal } = controller;
  return {
    followed,
    over: keepFollowing(client, followed, signal),
    leave: () => controller.abort(),
  };
}

async function keepFollowing(client: GatewayClient, followed: Followed, signal: AbortSignal) {
  let isEnded = false;
  for (let isOver = false; !isOver && !signal.aborted; await sleep(RETRY_MS)) {
    const response = await connect(client, followed, signal);
    if (response?.status === 200) isEnded = await readOne(response, followed);
    else if (response && response.status !== 503) {
      isOver = true;
      if (response.status === 204 && isEnded) continue;
      const state = isEnded ? 'the' : 'no';
      followed.faults.push(`was answered ${response.status} after ${state} end`);
    }
  }
}

/** Undefined when nobody answers. */
async function connect({ url, apiKey }: GatewayClient, followed: Followed, signal: AbortSignal) {
  const last = followed.ids.at(-1);
  const resume: Record<string, string> = last === undefined ? {} : { 'last-event-id': last };
  const headers = { 'x-api-key': apiKey, ...resume };
  const path = `/v1/toolkit/job/events?job_id=${followed.jobId}`;
  return fetch(url + path, { headers, signal }).catch(() => undefined);
}

/** One connection to its end, whatever ends it; whether the job ended with it. */
async function readOne(response: Response, followed: Followed): Promise<boolean> {
  const before = followed.ids.length;
  let isEnded = false;
  try {
    for await (const { id = '', event, data } of readMessages(response)) {
      followed.ids.push(id);
      followed.events.push(JSON.parse(data) as JobEvent);
      isEnded = event === 'end';
    }
  } catch {
    // The gateway was killed: what was read so far counts.
  }
  if (before > 0 && followed.ids.length > before) followed.resumes += 1;
  return isEnded;
}

/** `job.watch`, or `jobs.watch` where no job is named; comes back by tRPC's own means. */
export function followOverTrpc(client: GatewayClient, jobId?: string): Follower {
  const followed = newFollowed(jobId === undefined ? 'jobs.watch' : 'job.watch', jobId);
  const { promise: over, resolve } = Promise.withResolvers<void>();
  let isResumed = false;
  const handlers = {
    onStarted: () => (isResumed = followed.ids.length > 0),
    onData: ({ id, data }: { id: string; data: JobEvent }) => {
      followed.ids.push(id);
      followed.events.push(data);
      if (isResumed) followed.resumes += 1;
      isResumed = false;
    },
    onComplete: resolve,
    onError: (error: unknown) => {
      followed.faults.push(`gave up: ${String(error)}`);
      resolve();
    },
  };
  const { job, jobs } = subscribingClient(client, client.apiKey);
  const subscription =
    jobId === undefined
      ? jobs.watch.subscribe({ lastEventId: '0' }, handlers)
      : job.watch.subscribe({ job_id: jobId }, handlers);
  return { followed, over, leave: () => subscription.unsubscribe() };
}

function newFollowed(who: string, jobId: string | undefined): Followed {
  return { who, jobId, ids: [], events: [], resumes: 0, faults: [] };
}
