// webhook.deliveries: what became of a job's webhooks, attempt by attempt.
import { z } from 'zod';
import { jobNotFound } from '../contract/errors.ts';
import { EXAMPLE_JOB_ID, jobId } from '../contract/fields.ts';
import { deliveryView, EXAMPLE_DELIVERY, viewOfDelivery } from '../contract/webhook-view.ts';
import { refOf } from './job-answer.ts';
import { answers, procedure } from './trpc.ts';

/** Each end of a job makes one: more take as many retries by request. */
const MAX_DELIVERIES = 100;

const input = z.strictObject({ job_id: jobId }).meta({ examples: [{ job_id: EXAMPLE_JOB_ID }] });

const output = z
  .object({ deliveries: z.array(deliveryView).describe('Newest first; the latest 100.') })
  .meta({ examples: [{ deliveries: [EXAMPLE_DELIVERY] }] });

export const webhookDeliveries = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/webhook/deliveries',
      tags: ['webhooks'],
      summary: "A job's webhooks and their attempts",
      description: 'Each end of a job makes one. They are removed with the job.',
    },
    scope: 'read',
    failure: 'list the deliveries',
    errors: ['job_not_found'],
  })
  .input(input)
  .output(answers(output))
  .query(async ({ ctx, input: asked }): Promise<z.output<typeof output>> => {
    const ref = refOf(ctx, asked);
    const found = await ctx.services.store.listWebhookDeliveries(ref, MAX_DELIVERIES);
    if (!found) throw jobNotFound(ref.jobId);
    return { deliveries: found.map(viewOfDelivery) };
  });
