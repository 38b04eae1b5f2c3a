// job.get: everything about a job, flat and unambiguous.
import { z } from 'zod';
import { jobNotFound } from '../contract/errors.ts';
import { EXAMPLE_JOB_ID, jobId } from '../contract/fields.ts';
import { jobView, viewOf, type JobView } from '../contract/job-view.ts';
import { composeJson } from '../contract/json-text.ts';
import { asAnswer } from '../contract/status.ts';
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
  .query(async ({ ctx, input: { job_id } }) => {
    const { store } = ctx.services;
    const ref = { tenant: ctx.principal.tenant, jobId: job_id };
    const [job, attempts] = await Promise.all([store.find(ref), store.listAttempts(ref)]);
    if (!job) throw jobNotFound(job_id);
    return asAnswer<JobView>(composeJson(viewOf(job, attempts)));
  });
