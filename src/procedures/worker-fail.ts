// worker.fail: the attempt failed; the job is tried again unless it must not be.
import { z } from 'zod';
import { storedText } from '../contract/fields.ts';
import { answers, procedure } from './trpc.ts';
import { EXAMPLE_LEASE, holderOf, leaseFields, reportAnswer, reported } from './worker-fields.ts';

const MAX_DELAY_SECONDS = 7 * 24 * 60 * 60;

const input = z
  .strictObject({
    ...leaseFields,
    message: storedText(10_000).min(1).describe('Why, for the person who submitted the job.'),
    code: z.int().min(400).max(599).default(500),
    retry: z.boolean().default(true).describe('false: failed for good.'),
    retry_delay_seconds: z
      .number()
      .min(0)
      .max(MAX_DELAY_SECONDS)
      .optional()
      .describe('Until the next attempt. Default: 5 s doubling to 10 min, with jitter.'),
  })
  .meta({
    examples: [{ ...EXAMPLE_LEASE, message: 'The file is not audio', code: 422, retry: false }],
  });

export const workerFail = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/worker/fail',
      tags: ['workers'],
      summary: 'Report a failure',
    },
    scope: 'work',
    failure: 'fail the job',
    errors: ['job_not_found', 'lease_lost', 'illegal_transition'],
  })
  .input(input)
  .output(answers(reportAnswer))
  .mutation(async ({ ctx, input: report }) => {
    const { message, code, retry, retry_delay_seconds: delay } = report;
    const retryDelayMs = delay === undefined ? null : Math.round(delay * 1000);
    const failure = { code, message, retry, retryDelayMs };
    return reported(report, await ctx.services.store.fail(holderOf(ctx, report), failure));
  });
