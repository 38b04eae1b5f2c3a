// Retry-After: when it is worth asking for a job again, from what is known about it.
import type { JobState } from '../contract/job.ts';
import type { EndpointLoad } from '../store/job-store.ts';
import { meanRunMs } from './place.ts';

/** What tells how fast a job goes on. */
export type Paced = Pick<JobState, 'status' | 'createdAt' | 'runAt' | 'startedAt' | 'progress'>;

/** An estimate is not trusted for longer, seconds; that a job is not claimed before its `runAt` is none. */
const MAX_ESTIMATE_SECONDS = 60;

/** With nothing to estimate from, or later than estimated: this part of the time it took so far. */
const PART_OF_AGE = 0.1;

/**
 * Whole seconds, 1 or more, of a job that has not ended: until its `runAt`; or what its worker says
 * it still needs, or what is left of the endpoint's mean run time, at most 60; or a tenth of what it
 * waited or ran so far, so that who asks learns of the end at most a tenth late.
 */
export function retryAfterSeconds(
  job: Paced,
  load: EndpointLoad,
  now: number,
  estimatedStartAt: number | null = null,
): number {
  if (job.status === 'queued' && job.runAt > now) return toSeconds(job.runAt - now);
  const leftMs = estimateLeftMs(job, load, now, estimatedStartAt);
  const ms = leftMs > 0 ? leftMs : PART_OF_AGE * (now - sinceOf(job));
  return Math.min(toSeconds(ms), MAX_ESTIMATE_SECONDS);
}

/** Milliseconds; 0 and less when nothing is known or the estimate is over. */
function estimateLeftMs(
  { status, startedAt, progress }: Paced,
  load: EndpointLoad,
  now: number,
  estimatedStartAt: number | null,
): number {
  const meanMs = meanRunMs(load) ?? 0;
  if (status === 'queued') return (estimatedStartAt ?? now) - now + meanMs;
  if (progress?.eta_seconds !== undefined) return progress.eta_seconds * 1000;
  return meanMs - Math.max(0, now - (startedAt ?? now));
}

/** When its present state began, or before. */
function sinceOf({ status, startedAt, createdAt }: Paced): number {
  return status === 'running' ? (startedAt ?? createdAt) : createdAt;
}

function toSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
