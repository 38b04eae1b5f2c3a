// job.get: everything about a job, flat and unambiguous.
import { z } from 'zod';
import { EXAMPLE_JOB_ID, jobId } from '../contract/fields.ts';
import { jobView } from '../contract/job-view.ts';
import { jobAnswer, refOf } from './job-answer.ts';
import { answers, procedure } from './trpc.ts';

const input = z.strictObject({ job_id: jobId }).meta({ examples: [{ job_id: EXAMPLE_JOB_ID }] });

export const jobGet = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/job/get',
      tags: ['jobs'],
      summary: 'Everything about a job',
    },
    scope: 'read',
    failure: 'retrieve the job',
    errors: ['job_not_found'],
  })
  .input(input)
  .output(answers(jobView))
  .query(({ ctx, input: asked }) => jobAnswer(ctx.services, refOf(ctx, asked)));
