// worker.heartbeat: the worker is alive; its lease begins anew.
import { z } from 'zod';
import { progress } from '../contract/fields.ts';
import { answers, procedure } from './trpc.ts';
import { EXAMPLE_LEASE, holderOf, leaseFields, leaseSeconds } from './worker-fields.ts';

const input = z
  .strictObject({
    ...leaseFields,
    lease_seconds: leaseSeconds.optional().describe('Another length of the lease from now on.'),
    progress: progress.optional(),
  })
  .meta({ examples: [{ ...EXAMPLE_LEASE, progress: { percent: 40 } }] });

const output = z
  .object({
    cancel_requested: z.boolean().describe('Stop working on it.'),
    lease_seconds: z.int().min(1),
  })
  .meta({ examples: [{ cancel_requested: false, lease_seconds: 30 }] });

export const workerHeartbeat = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/worker/heartbeat',
      tags: ['workers'],
      summary: 'Keep a lease',
    },
    scope: 'work',
    failure: 'record the heartbeat',
    errors: ['job_not_found', 'lease_lost'],
  })
  .input(input)
  .output(answers(output))
  .mutation(async ({ ctx, input: heartbeat }): Promise<z.output<typeof output>> => {
    const { lease_seconds = null, progress: told = null } = heartbeat;
    const kept = await ctx.services.store.heartbeat(holderOf(ctx, heartbeat), lease_seconds, told);
    return { cancel_requested: kept.cancelRequested, lease_seconds: kept.leaseSeconds };
  });
