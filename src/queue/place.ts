// A waiting job's place: how many go before it, and when it will start if all goes on as lately.
import type { Clock } from '../contract/clock.ts';
import type { JobState } from '../contract/job.ts';
import type { EndpointLoad, JobStore } from '../store/job-store.ts';

/** What a place is found from. */
export type Placed = Pick<JobState, 'tenant' | 'jobId' | 'endpoint' | 'status' | 'runAt'>;

export interface Place {
  /** How many go before it; null beyond 1,000 and for a job that cannot be claimed now. */
  queuePosition: number | null;
  /** Epoch milliseconds; null when nothing is known to estimate from. */
  estimatedStartAt: number | null;
}

const NOWHERE: Place = { queuePosition: null, estimatedStartAt: null };

/** Two small reads, however many jobs wait. */
export async function findPlace(store: JobStore, clock: Clock, job: Placed): Promise<Place> {
  if (job.status !== 'queued') return NOWHERE;
  const now = clock.now();
  if (job.runAt > now) return { queuePosition: null, estimatedStartAt: job.runAt };
  const queuePosition = await store.queuePosition(job);
  if (queuePosition === null) return NOWHERE;
  const load = await store.endpointLoad(job.tenant, job.endpoint);
  const waitMs = estimateWaitMs(queuePosition, load);
  return { queuePosition, estimatedStartAt: waitMs === null ? null : now + waitMs };
}

/**
 * Milliseconds until a job with `ahead` before it starts, from the mean run time of the endpoint's
 * last minutes and the number of jobs that run at the same time now. Null when none was done.
 */
export function estimateWaitMs(ahead: number, load: EndpointLoad): number | null {
  const meanMs = meanRunMs(load);
  if (meanMs === null) return null;
  const slots = Math.max(load.running, 1);
  return Math.round((meanMs * (ahead + 1)) / slots);
}

/** How long a job of the endpoint ran on the average of the last minutes; null when none was done. */
export function meanRunMs({ done, runMs }: EndpointLoad): number | null {
  return done === 0 ? null : runMs / done;
}
