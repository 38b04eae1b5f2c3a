// worker.release: the worker hands the job back without burning an attempt.
import { z } from 'zod';
import { answers, procedure } from './trpc.ts';
import { EXAMPLE_LEASE, holderOf, leaseFields, reportAnswer, reported } from './worker-fields.ts';

export const workerRelease = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/worker/release',
      tags: ['workers'],
      summary: 'Hand a job back',
    },
    scope: 'work',
    failure: 'release the job',
    errors: ['job_not_found', 'lease_lost', 'illegal_transition'],
  })
  .input(z.strictObject(leaseFields).meta({ examples: [EXAMPLE_LEASE] }))
  .output(answers(reportAnswer))
  .mutation(async ({ ctx, input: report }) =>
    reported(report, await ctx.services.store.release(holderOf(ctx, report))),
  );
