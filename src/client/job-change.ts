// One change of a job, as a stream tells it or as two looks at the job show it.
import type { JobEvent } from '../contract/job-event.ts';
import { hasEnded } from '../contract/job.ts';
import type { JobOf } from './procedures.ts';

/**
 * An event of the gateway. Where it cannot be streamed it is made of a look at the job: `seq` is
 * then null, `at` may be, and changes between two looks are one.
 */
export type JobChange = Omit<JobEvent, 'seq' | 'at'> & { seq: number | null; at: number | null };

/** What changed since `before`; undefined when nothing did. */
export function changeBetween(before: JobOf | undefined, job: JobOf): JobChange | undefined {
  if (before?.version === job.version) return undefined;
  const { job_id, endpoint, job_status, version, attempt } = job;
  const kind = kindOf(before, job);
  const told = { seq: null, kind, at: timeOf(kind, job), data: dataOf(kind, job) };
  return { job_id, endpoint, job_status, version, attempt, ...told };
}

function kindOf(before: JobOf | undefined, job: JobOf): JobEvent['kind'] {
  const { job_status: status } = job;
  if (hasEnded(status) || before?.job_status !== status) return status;
  if (job.cancel_requested && !before.cancel_requested) return 'cancel_requested';
  return status === 'running' && before.fence === job.fence ? 'progress' : status;
}

function timeOf(kind: JobEvent['kind'], job: JobOf): number | null {
  if (kind === 'running') return job.started_at;
  return hasEnded(job.job_status) ? job.ended_at : null;
}

function dataOf(kind: JobEvent['kind'], job: JobOf): Record<string, unknown> {
  const progress = job.progress && { progress: job.progress };
  if (kind === 'progress') return { ...progress };
  if (kind === 'running') return { worker_id: job.worker_id, ...progress };
  return hasEnded(job.job_status) ? { code: job.code, message: job.error ?? 'success' } : {};
}
