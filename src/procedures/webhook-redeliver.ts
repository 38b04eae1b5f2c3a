// webhook.redeliver: sends a webhook again, whatever became of it, under the same id.
import { z } from 'zod';
import {
  deliveryId,
  deliveryView,
  EXAMPLE_DELIVERY,
  viewOfDelivery,
} from '../contract/webhook-view.ts';
import { answers, procedure } from './trpc.ts';

const input = z
  .strictObject({ delivery_id: deliveryId })
  .meta({ examples: [{ delivery_id: EXAMPLE_DELIVERY.delivery_id }] });

const EXAMPLE = {
  ...EXAMPLE_DELIVERY,
  state: 'pending' as const,
  next_attempt_at: 1764000099000,
  ended_at: null,
};

export const webhookRedeliver = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/webhook/redeliver',
      tags: ['webhooks'],
      summary: 'Send a webhook again',
      description:
        'At once, with the same `webhook-id` and body, and from the begin of the schedule if that fails; also one that was delivered.',
    },
    scope: 'submit',
    failure: 'redeliver the webhook',
    errors: ['delivery_not_found'],
  })
  .input(input)
  .output(answers(deliveryView.meta({ examples: [EXAMPLE] })))
  .mutation(async ({ ctx, input: { delivery_id } }) => {
    const { tenant } = ctx.principal;
    return viewOfDelivery(
      await ctx.services.store.redeliverWebhook({ tenant, deliveryId: delivery_id }),
    );
  });
