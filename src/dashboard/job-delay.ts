// Whether a queued job waits for its time, as far as a browser can tell whose clock may be wrong.
import type { JobDetail, JobSummary } from './gateway.ts';

type Waiting = Pick<JobSummary, 'created_at' | 'run_at'> &
  Partial<Pick<JobDetail, 'queue_position'>>;

/** One that was never delayed, or that has a place in the queue, is ready whatever the clock here says. */
export function isDelayed({ created_at, run_at, queue_position }: Waiting, now: number): boolean {
  return run_at > Math.max(now, created_at) && (queue_position ?? null) === null;
}
