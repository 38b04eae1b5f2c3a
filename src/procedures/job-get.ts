// job.get: everything about a job, flat and unambiguous; held back until it ends or changes.
import { z } from 'zod';
import { jobNotFound } from '../contract/errors.ts';
import { EXAMPLE_JOB_ID, jobId, waitSeconds } from '../contract/fields.ts';
import type { JobState } from '../contract/job.ts';
import { jobView, type JobView } from '../contract/job-view.ts';
import { asAnswer } from '../contract/status.ts';
import type { JobRef } from '../store/job-store.ts';
import { jobAnswer, refOf } from './job-answer.ts';
import { jobTag, versionInTags } from './job-tag.ts';
import { NOT_MODIFIED, setRetryAfter, waitRequestHeaders, waitResponseHeaders } from './polling.ts';
import { answers, procedure, type Context } from './trpc.ts';

const input = z
  .strictObject({
    job_id: jobId,
    wait_seconds: waitSeconds.describe('Holds the answer until `wait_for`, or the time is up.'),
    wait_for: z
      .enum(['end', 'change'])
      .optional()
      .describe(
        'What ends a wait: the end of the job (the default), or any change of its version.',
      ),
    version: z
      .int()
      .min(0)
      .optional()
      .describe(
        'For `change`, the version the caller has: answers at once where the job has another. Default: the one in `If-None-Match`, or the present one.',
      ),
  })
  .meta({
    examples: [
      { job_id: EXAMPLE_JOB_ID },
      { job_id: EXAMPLE_JOB_ID, wait_seconds: 30, wait_for: 'change', version: 2 },
    ],
  });

export const jobGet = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/job/get',
      tags: ['jobs'],
      summary: 'Everything about a job',
      requestHeaders: waitRequestHeaders,
      responseHeaders: waitResponseHeaders,
    },
    alsoGet: true,
    waits: true,
    scope: 'read',
    failure: 'retrieve the job',
    errors: ['job_not_found', 'too_many_requests'],
  })
  .input(input)
  .output(answers(jobView))
  .query(async ({ ctx, input: asked }) => {
    const ref = refOf(ctx, asked);
    if (asked.wait_seconds || ctx.knownTags !== undefined) {
      const state = await findState(ctx, ref, asked);
      if (!state) throw jobNotFound(ref.jobId);
      if (await isKnown(ctx, state)) return asAnswer<JobView>(NOT_MODIFIED);
    }
    return jobAnswer(ctx, ref);
  });

/** When it is what the caller waits for, or the time is up. */
function findState(
  ctx: Context,
  ref: JobRef,
  { wait_seconds: seconds = 0, wait_for, version }: z.output<typeof input>,
): Promise<JobState | undefined> {
  const { queue } = ctx.services;
  const signal = seconds > 0 ? ctx.signal(true) : undefined;
  if (seconds === 0 || wait_for !== 'change') return queue.findState(ref, seconds, signal);
  const known = version ?? versionInTags(ctx.knownTags ?? '', ref.jobId);
  return queue.findChanged(ref, known, seconds, signal);
}

/** Whether the caller has this answer already: found out without its payload, result and attempts. */
async function isKnown(ctx: Context, state: JobState): Promise<boolean> {
  if (ctx.knownTags === undefined) return false;
  const place = await ctx.services.queue.findPlace(state);
  if (!ctx.setTag(jobTag(state, place))) return false;
  await setRetryAfter(ctx, state, place);
  return true;
}
