// jobs.submit: up to a thousand new jobs at once, all of them or none.
import { z } from 'zod';
import { invalidPayload } from '../contract/errors.ts';
import { acceptedJob, EXAMPLE_NEW_JOB, newJob, toNewJob, viewOfAccepted } from './new-job.ts';
import { answers, procedure } from './trpc.ts';
import { refuseInternalWebhooks } from './webhook-url.ts';

const MAX_JOBS = 1000;

const ONE_KEY = 'The Idempotency-Key header is of a single job: give each its own idempotency_key';

const input = z
  .strictObject({ jobs: z.array(newJob).min(1).max(MAX_JOBS) })
  .meta({ examples: [{ jobs: [EXAMPLE_NEW_JOB, { endpoint: '/v1/media/metadata' }] }] });

const output = z
  .object({ jobs: z.array(acceptedJob).describe('In the order of the request.') })
  .meta({ examples: [{ jobs: acceptedJob.meta()?.examples ?? [] }] });

export const jobsSubmit = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/jobs/submit',
      tags: ['jobs'],
      summary: 'Submit many jobs, all or none',
    },
    scope: 'submit',
    failure: 'submit the jobs',
    status: 202,
    errors: ['too_many_requests', 'idempotency_mismatch'],
    bodyLimit: 'result',
  })
  .input(input)
  .output(answers(output))
  .mutation(async ({ ctx, input: { jobs } }): Promise<z.output<typeof output>> => {
    const { services } = ctx;
    if (ctx.header('idempotency-key') !== undefined)
      throw invalidPayload([{ path: 'idempotency_key', message: ONE_KEY }]);
    refuseInternalWebhooks(jobs, ctx, (index) => `jobs.${index}.`);
    const newJobs = jobs.map((job) => toNewJob(job, ctx));
    const submitted = await services.store.submit(newJobs, ctx.principal.keyId);
    return { jobs: submitted.map((job) => viewOfAccepted(job, services)) };
  });
