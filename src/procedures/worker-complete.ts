// worker.complete: the job is done, and this is its result.
import { z } from 'zod';
import { result } from '../contract/fields.ts';
import { boundedText } from './bounded-text.ts';
import { answers, procedure } from './trpc.ts';
import { EXAMPLE_LEASE, holderOf, leaseFields, reportAnswer, reported } from './worker-fields.ts';

const input = z
  .strictObject({ ...leaseFields, result })
  .meta({ examples: [{ ...EXAMPLE_LEASE, result: { text: 'Hello.' } }] });

export const workerComplete = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/worker/complete',
      tags: ['workers'],
      summary: 'Report a result',
    },
    scope: 'work',
    failure: 'complete the job',
    errors: ['job_not_found', 'lease_lost', 'illegal_transition'],
    bodyLimit: 'result',
  })
  .input(input)
  .output(answers(reportAnswer))
  .mutation(async ({ ctx, input: report }) => {
    const { store, maxResultBytes } = ctx.services;
    const text = boundedText(report.result, {
      what: 'result',
      variable: 'MAX_RESULT_BYTES',
      maxBytes: maxResultBytes,
    });
    return reported(report, await store.complete(holderOf(ctx, report), text));
  });
