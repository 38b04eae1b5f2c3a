// Webhook deliveries and secrets as the endpoints show them.
import { z } from 'zod';
import { EXAMPLE_JOB_ID, knownJobId, timestamp, uuid } from './fields.ts';
import {
  END_STATUSES,
  WEBHOOK_FAILURES,
  WEBHOOK_STATES,
  type NumberedAttempt,
  type WebhookDelivery,
  type WebhookSecret,
} from './webhook.ts';

const attemptView = z.object({
  attempt: z.int().min(1),
  at: timestamp,
  status: z.int().min(100).max(999).nullable().describe('Null when there was no answer.'),
  error: z.string().nullable().describe('Why there was none, or why it does not count.'),
  duration_ms: z.int().min(0),
  excerpt: z.string().nullable().describe('The first bytes of the answer, at most 1,024.'),
});

export const EXAMPLE_DELIVERY = {
  delivery_id: '019ab6a4-5a1c-7cc3-9f6e-3d2b5f0c7a11',
  job_id: EXAMPLE_JOB_ID,
  job_status: 'done' as const,
  url: 'https://example.com/hooks/jobgate',
  state: 'delivered' as const,
  reason: null,
  attempts: [
    {
      attempt: 1,
      at: 1764000006359,
      status: 503,
      error: null,
      duration_ms: 48,
      excerpt: 'try again later',
    },
    { attempt: 2, at: 1764000011402, status: 204, error: null, duration_ms: 31, excerpt: '' },
  ],
  next_attempt_at: null,
  created_at: 1764000006357,
  ended_at: 1764000011433,
};

export const deliveryId = uuid.meta({
  description: 'UUID of the delivery, either case.',
  examples: [EXAMPLE_DELIVERY.delivery_id],
});

export const deliveryView = z
  .object({
    delivery_id: z
      .string()
      .meta({ format: 'uuid' })
      .describe('Sent as `webhook-id`, the same with every attempt.'),
    job_id: knownJobId,
    job_status: z.enum(END_STATUSES).describe('How the job ended that it tells of.'),
    url: z.string(),
    state: z.enum(WEBHOOK_STATES),
    reason: z
      .enum(WEBHOOK_FAILURES)
      .nullable()
      .describe(
        'Why it failed: no attempt is left, or the receiver answered 410. Null unless failed.',
      ),
    attempts: z.array(attemptView).describe('Every request made, oldest first; the latest 50.'),
    next_attempt_at: timestamp.nullable().describe('Null unless pending.'),
    created_at: timestamp,
    ended_at: timestamp.nullable().describe('Null while pending.'),
  })
  .meta({ id: 'WebhookDelivery', examples: [EXAMPLE_DELIVERY] });

export function viewOfDelivery(delivery: WebhookDelivery): z.output<typeof deliveryView> {
  return {
    delivery_id: delivery.deliveryId,
    job_id: delivery.jobId,
    job_status: delivery.jobStatus,
    url: delivery.url,
    state: delivery.state,
    reason: delivery.reason,
    attempts: delivery.attempts.map(viewOfAttempt),
    next_attempt_at: delivery.nextAttemptAt,
    created_at: delivery.createdAt,
    ended_at: delivery.endedAt,
  };
}

function viewOfAttempt(made: NumberedAttempt): z.output<typeof attemptView> {
  const { attempt, at, status, error, durationMs: duration_ms, excerpt } = made;
  return { attempt, at, status, error, duration_ms, excerpt };
}

export const secretView = z.object({
  secret: z
    .string()
    .describe('`whsec_` and base64, as the libraries of Standard Webhooks take it.'),
  created_at: timestamp,
  expires_at: timestamp.nullable().describe('When it no longer signs; null for the newest.'),
});

export function viewOfSecret(secret: WebhookSecret): z.output<typeof secretView> {
  return {
    secret: secret.secret,
    created_at: secret.createdAt,
    expires_at: secret.expiresAt,
  };
}
