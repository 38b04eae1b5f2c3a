// job.submit: a new job into the queue, durable before it is acknowledged.
import { z } from 'zod';
import { callerId, endpointPath, EXAMPLE_JOB_ID, payload, timestamp } from '../contract/fields.ts';
import type { NewJob } from '../store/job-store.ts';
import { boundedText } from './bounded-text.ts';
import { answers, procedure, type Context } from './trpc.ts';

const DAY_SECONDS = 24 * 60 * 60;

const input = z
  .strictObject({
    endpoint: endpointPath,
    payload: payload.default({}),
    id: callerId.optional(),
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
  })
  .refine((job) => job.run_at === undefined || job.delay_seconds === undefined, {
    path: ['delay_seconds'],
    message: 'Give run_at or delay_seconds, not both',
  })
  .meta({
    examples: [
      {
        endpoint: '/v1/media/transcribe',
        payload: { media_url: 'https://example.com/talk.mp3' },
        id: 'transcribe_job_123',
      },
    ],
  });

const output = z
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

const responseHeaders = z.object({
  Location: z.string().describe('Where to look at the job.'),
  'Retry-After': z.int().min(1).describe('Whole seconds until it is worth asking for its status.'),
});

/** How soon it is worth asking for the status of a job that was just submitted. */
const RETRY_AFTER_SECONDS = 1;

export const jobSubmit = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/job/submit',
      tags: ['jobs'],
      summary: 'Submit a job',
      responseHeaders,
    },
    scope: 'submit',
    failure: 'submit the job',
    status: 202,
    errors: ['too_many_requests'],
  })
  .input(input)
  .output(answers(output))
  .mutation(async ({ ctx, input: job }): Promise<z.output<typeof output>> => {
    const { services } = ctx;
    const [submitted] = await services.store.submit([toNewJob(job, ctx)]);
    if (!submitted) throw new Error('the store answered no job for one');
    ctx.setHeader('location', `/v1/toolkit/job/get?job_id=${submitted.jobId}`);
    ctx.setHeader('retry-after', String(Math.ceil(job.delay_seconds ?? 0) || RETRY_AFTER_SECONDS));
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
  });

function toNewJob(job: z.output<typeof input>, { services, principal }: Context): NewJob {
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
    webhookUrl: null,
    idempotency: null,
  };
}
