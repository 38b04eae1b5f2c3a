// job.cancel: ends a waiting job now; asks the worker of a running one to stop.
import { z } from 'zod';
import { EXAMPLE_JOB_ID, jobId } from '../contract/fields.ts';
import { jobView } from '../contract/job-view.ts';
import { jobAnswer, refOf } from './job-answer.ts';
import { pollHeaders } from './polling.ts';
import { answers, procedure } from './trpc.ts';

const input = z.strictObject({ job_id: jobId }).meta({ examples: [{ job_id: EXAMPLE_JOB_ID }] });

export const jobCancel = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/job/cancel',
      tags: ['jobs'],
      summary: 'Cancel a job',
      description:
        'A waiting job is cancelled at once. The worker of a running one learns of it at its next heartbeat; a result it still delivers counts. Cancelling twice is the same as once.',
      responseHeaders: pollHeaders,
    },
    scope: 'submit',
    failure: 'cancel the job',
    errors: ['job_not_found', 'illegal_transition'],
  })
  .input(input)
  .output(answers(jobView))
  .mutation(async ({ ctx, input: asked }) => {
    const ref = refOf(ctx, asked);
    await ctx.services.store.cancel(ref, ctx.principal.keyId);
    return jobAnswer(ctx, ref);
  });
