// job.delete: removes an ended job now, with its payload, result and history.
import { z } from 'zod';
import { EXAMPLE_JOB_ID, jobId } from '../contract/fields.ts';
import { jobView } from '../contract/job-view.ts';
import { lastJobAnswer, refOf } from './job-answer.ts';
import { answers, procedure } from './trpc.ts';

const input = z.strictObject({ job_id: jobId }).meta({ examples: [{ job_id: EXAMPLE_JOB_ID }] });

export const jobDelete = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/job/delete',
      tags: ['jobs'],
      summary: 'Remove an ended job',
      description: 'Answers the job as it was. From then on its status is 404.',
    },
    scope: 'submit',
    failure: 'delete the job',
    errors: ['job_not_found', 'illegal_transition'],
  })
  .input(input)
  .output(answers(jobView))
  .mutation(async ({ ctx, input: asked }) => {
    const ref = refOf(ctx, asked);
    const answer = await lastJobAnswer(ctx, ref);
    await ctx.services.store.delete(ref, ctx.principal.keyId);
    return answer;
  });
