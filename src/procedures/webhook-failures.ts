// webhook.failures: the webhooks that failed, of all jobs, with every attempt.
import { z } from 'zod';
import { endpointPath } from '../contract/fields.ts';
import { deliveryView, EXAMPLE_DELIVERY, viewOfDelivery } from '../contract/webhook-view.ts';
import { answers, procedure } from './trpc.ts';

/** There may be very many, and nobody needs to know of those by number. */
const MAX_COUNT = 1000;

const input = z
  .strictObject({ limit: z.int().min(1).max(100).default(20) })
  .meta({ examples: [{ limit: 20 }] })
  .prefault({});

const failedDelivery = deliveryView.extend({ endpoint: endpointPath });

const output = z
  .object({
    count: z.int().min(0).max(MAX_COUNT).describe('How many failed, counted up to 1,000.'),
    deliveries: z.array(failedDelivery).describe('The one that failed last comes first.'),
  })
  .meta({
    examples: [
      {
        count: 1,
        deliveries: [
          {
            ...EXAMPLE_DELIVERY,
            state: 'failed' as const,
            reason: 'exhausted' as const,
            attempts: EXAMPLE_DELIVERY.attempts.slice(0, 1),
            endpoint: '/v1/media/transcribe',
          },
        ],
      },
    ],
  });

export const webhookFailures = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/webhook/failures',
      tags: ['webhooks'],
      summary: 'The webhooks that failed',
      description:
        'Those of which no attempt is left, or whose receiver answered 410. One that is sent again by webhook.redeliver is none of them; they are removed with their job.',
    },
    scope: 'read',
    failure: 'list the failed webhooks',
  })
  .input(input)
  .output(answers(output))
  .query(async ({ ctx, input: { limit } }): Promise<z.output<typeof output>> => {
    const { store } = ctx.services;
    const limits = { limit, maxCount: MAX_COUNT };
    const { count, deliveries } = await store.listFailedWebhooks(ctx.principal.tenant, limits);
    return {
      count,
      deliveries: deliveries.map(({ endpoint, ...delivery }) => ({
        ...viewOfDelivery(delivery),
        endpoint,
      })),
    };
  });
