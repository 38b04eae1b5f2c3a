// worker.progress: how far the work is. Counts as a heartbeat.
import { z } from 'zod';
import { progress } from '../contract/fields.ts';
import { answers, procedure } from './trpc.ts';
import { EXAMPLE_LEASE, holderOf, leaseFields } from './worker-fields.ts';

const input = z
  .strictObject({ ...leaseFields, ...progress.shape })
  .meta({ examples: [{ ...EXAMPLE_LEASE, percent: 40, phase: 'decode', eta_seconds: 12 }] });

const output = z
  .object({ cancel_requested: z.boolean().describe('Stop working on it.') })
  .meta({ examples: [{ cancel_requested: false }] });

export const workerProgress = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/worker/progress',
      tags: ['workers'],
      summary: 'Tell how far the work is',
      description: 'Counts as a heartbeat. Replaces what was told before.',
    },
    scope: 'work',
    failure: 'record the progress',
    errors: ['job_not_found', 'lease_lost'],
  })
  .input(input)
  .output(answers(output))
  .mutation(async ({ ctx, input: report }): Promise<z.output<typeof output>> => {
    const { job_id: _jobId, lease_token: _leaseToken, ...told } = report;
    const { store } = ctx.services;
    const { cancelRequested } = await store.heartbeat(holderOf(ctx, report), null, told);
    return { cancel_requested: cancelRequested };
  });
