// The answer of every procedure that gives a job back: the job as it is now.
import { jobNotFound } from '../contract/errors.ts';
import { viewOf, type JobView } from '../contract/job-view.ts';
import { composeJson } from '../contract/json-text.ts';
import { asAnswer } from '../contract/status.ts';
import type { JobRef } from '../store/job-store.ts';
import { jobTag } from './job-tag.ts';
import { setRetryAfter } from './polling.ts';
import type { Context } from './trpc.ts';

export function refOf({ principal }: Context, { job_id }: { job_id: string }): JobRef {
  return { tenant: principal.tenant, jobId: job_id };
}

/** With the headers for who asks again. Throws `job_not_found`. */
export async function jobAnswer(ctx: Context, ref: JobRef): Promise<JobView> {
  const { job, place, answer } = await lookUp(ctx, ref);
  ctx.setTag(jobTag(job, place));
  await setRetryAfter(ctx, job, place);
  return answer;
}

/** Of a job that nobody can ask for again. Throws `job_not_found`. */
export async function lastJobAnswer(ctx: Context, ref: JobRef): Promise<JobView> {
  return (await lookUp(ctx, ref)).answer;
}

async function lookUp({ services: { store, queue } }: Context, ref: JobRef) {
  const [job, attempts] = await Promise.all([store.find(ref), store.listAttempts(ref)]);
  if (!job) throw jobNotFound(ref.jobId);
  const place = await queue.findPlace(job);
  const answer = asAnswer<JobView>(composeJson(viewOf(job, attempts, place)));
  return { job, place, answer };
}
