// A new job as callers submit it, one or many: its fields and bounds, and what is answered for it.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { callerId, endpointPath, EXAMPLE_JOB_ID, payload, timestamp } from '../contract/fields.ts';
import type { Idempotency, NewJob, Submitted } from '../store/job-store.ts';
import { boundedText } from './bounded-text.ts';
import type { Context, Services } from './trpc.ts';
import { webhookUrl } from './webhook-url.ts';

const DAY_SECONDS = 24 * 60 * 60;

/** How long an idempotency key is remembered. */
const KEY_TTL_MS = DAY_SECONDS * 1000;

export const EXAMPLE_NEW_JOB = {
  endpoint: '/v1/media/transcribe',
  payload: { media_url: 'https://example.com/talk.mp3' },
  id: 'transcribe_job_123',
};

/** Printable ASCII, so that it fits a header. */
export const idempotencyKey = z
  .string()
  .regex(
    /^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/,
    'Must be 1 to 255 printable ASCII characters',
  );

export const newJob = z
  .strictObject({
    endpoint: endpointPath,
    payload: payload.default({}),
    id: callerId.optional(),
    webhook_url: webhookUrl.optional(),
    priority: z.int().min(-100).max(100).default(0).describe('Higher goes first.'),
    run_at: timestamp.optional().describe('Not before; epoch milliseconds.'),
    delay_seconds: z
      .number()
      .min(0)
      .max(365 * DAY_SECONDS)
      .optional()
      .describe('Not before so many seconds from now; instead of run_at.'),
    max_attempts: z.int().min(1).max(100).default(3),
    max_runtime_seconds: z
      .int()
      .min(1)
      .max(30 * DAY_SECONDS)
      .default(3600)
      .describe('Of one attempt.'),
    retention_seconds: z
      .int()
      .min(0)
      .max(3650 * DAY_SECONDS)
      .optional()
      .describe('How long it is kept once it has ended. Default: RETENTION_DAYS.'),
    idempotency_key: idempotencyKey
      .optional()
      .describe('The same key with the same job within 24 h is answered with the first one.'),
  })
  .refine((job) => job.run_at === undefined || job.delay_seconds === undefined, {
    path: ['delay_seconds'],
    message: 'Give run_at or delay_seconds, not both',
  })
  .meta({ examples: [EXAMPLE_NEW_JOB] });

export type NewJobInput = z.output<typeof newJob>;

export const acceptedJob = z
  .object({
    code: z.literal(202),
    id: z.string().nullable(),
    job_id: z.string().meta({ format: 'uuid' }),
    message: z.literal('processing'),
    pid: z.int().min(0),
    queue_id: z.int().min(0),
    max_queue_length: z.union([z.literal('unlimited'), z.int().min(1)]),
    queue_length: z.int().min(0),
    build_number: z.string(),
  })
  .meta({
    examples: [
      {
        code: 202,
        id: 'transcribe_job_123',
        job_id: EXAMPLE_JOB_ID,
        message: 'processing',
        pid: 123456,
        queue_id: 140368864456064,
        max_queue_length: 'unlimited',
        queue_length: 1,
        build_number: '1.0.0',
      },
    ],
  });

export function toNewJob(job: NewJobInput, { services, principal }: Context): NewJob {
  const { delay_seconds: delay, run_at: runAt } = job;
  return {
    tenant: principal.tenant,
    endpoint: job.endpoint,
    payload: boundedText(job.payload, {
      what: 'payload',
      variable: 'MAX_BODY_BYTES',
      maxBytes: services.maxBodyBytes,
    }),
    id: job.id ?? null,
    priority: job.priority,
    runAt: delay === undefined ? (runAt ?? null) : services.clock.now() + Math.round(delay * 1000),
    maxAttempts: job.max_attempts,
    maxRuntimeSeconds: job.max_runtime_seconds,
    retentionSeconds: job.retention_seconds ?? null,
    webhookUrl: job.webhook_url ?? null,
    idempotency: toIdempotency(job),
  };
}

/** The digest is of what was asked for, not of when: `delay_seconds` counts, not what it comes to. */
function toIdempotency({ idempotency_key: key, ...asked }: NewJobInput): Idempotency | null {
  if (key === undefined) return null;
  const digest = createHash('sha256').update(JSON.stringify(asked)).digest('base64url');
  return { key, digest, ttlMs: KEY_TTL_MS };
}

export function viewOfAccepted(
  submitted: Submitted,
  services: Services,
): z.output<typeof acceptedJob> {
  return {
    code: 202,
    id: submitted.id,
    job_id: submitted.jobId,
    message: 'processing',
    pid: services.pid,
    queue_id: services.store.queueId,
    max_queue_length: services.maxQueueLength || 'unlimited',
    queue_length: submitted.queueLength,
    build_number: services.buildNumber,
  };
}
