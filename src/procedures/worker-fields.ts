// The fields that the worker's endpoints share, and what its reports answer.
import { z } from 'zod';
import { EXAMPLE_JOB_ID, jobId, knownJobId, storedText } from '../contract/fields.ts';
import { JOB_STATUSES, type JobStatus } from '../contract/job.ts';
import type { LeaseHolder } from '../store/job-store.ts';
import type { Context } from './trpc.ts';

export const EXAMPLE_LEASE = {
  job_id: EXAMPLE_JOB_ID,
  lease_token: 'l-xXKEy6hFnOt5Yg9_QxZk86posKWRBD',
};

/** Who reports: the job and the token that its claim gave out. */
export const leaseFields = {
  job_id: jobId,
  lease_token: storedText(255).min(1).describe('From the claim; opaque.'),
};

export const leaseSeconds = z.int().min(5).max(3600).describe('Length of the lease.');

export const reportAnswer = z
  .object({ job_id: knownJobId, job_status: z.enum(JOB_STATUSES) })
  .meta({ examples: [{ job_id: EXAMPLE_JOB_ID, job_status: 'done' as const }] });

export function holderOf(
  ctx: Context,
  input: { job_id: string; lease_token: string },
): LeaseHolder {
  return { tenant: ctx.principal.tenant, jobId: input.job_id, leaseToken: input.lease_token };
}

export function reported(input: { job_id: string }, status: JobStatus) {
  return { job_id: input.job_id, job_status: status };
}
