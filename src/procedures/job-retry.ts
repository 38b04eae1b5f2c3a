// job.retry: puts a failed or cancelled job back in the queue as a fresh attempt.
import { z } from 'zod';
import { EXAMPLE_JOB_ID, jobId } from '../contract/fields.ts';
import { jobView } from '../contract/job-view.ts';
import { jobAnswer, refOf } from './job-answer.ts';
import { pollHeaders } from './polling.ts';
import { answers, procedure } from './trpc.ts';

const input = z.strictObject({ job_id: jobId }).meta({ examples: [{ job_id: EXAMPLE_JOB_ID }] });

export const jobRetry = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/job/retry',
      tags: ['jobs'],
      summary: 'Retry a failed or cancelled job',
      description: 'Its attempts are counted from 1 again.',
      responseHeaders: pollHeaders,
    },
    scope: 'submit',
    failure: 'retry the job',
    errors: ['job_not_found', 'illegal_transition'],
  })
  .input(input)
  .output(answers(jobView))
  .mutation(async ({ ctx, input: asked }) => {
    const ref = refOf(ctx, asked);
    await ctx.services.store.retry(ref, ctx.principal.keyId);
    return jobAnswer(ctx, ref);
  });
