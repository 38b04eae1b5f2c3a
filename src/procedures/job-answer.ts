// The answer of every procedure that gives a job back: the job as it is now.
import { jobNotFound } from '../contract/errors.ts';
import { viewOf, type JobView } from '../contract/job-view.ts';
import { composeJson } from '../contract/json-text.ts';
import { asAnswer } from '../contract/status.ts';
import type { JobRef } from '../store/job-store.ts';
import type { Context, Services } from './trpc.ts';

export function refOf({ principal }: Context, { job_id }: { job_id: string }): JobRef {
  return { tenant: principal.tenant, jobId: job_id };
}

/** Throws `job_not_found`. */
export async function jobAnswer({ store, queue }: Services, ref: JobRef): Promise<JobView> {
  const [job, attempts] = await Promise.all([store.find(ref), store.listAttempts(ref)]);
  if (!job) throw jobNotFound(ref.jobId);
  return asAnswer<JobView>(composeJson(viewOf(job, attempts, await queue.findPlace(job))));
}
