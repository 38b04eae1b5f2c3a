// job.submit: a new job into the queue, durable before it is acknowledged.
import { z } from 'zod';
import { invalidPayload } from '../contract/errors.ts';
import { toIssues } from './issues.ts';
import {
  acceptedJob,
  idempotencyKey,
  newJob,
  toNewJob,
  viewOfAccepted,
  type NewJobInput,
} from './new-job.ts';
import { answers, procedure, type Context } from './trpc.ts';
import { refuseInternalWebhooks } from './webhook-url.ts';

const requestHeaders = z.object({
  'Idempotency-Key': idempotencyKey
    .optional()
    .describe(
      'The same as `idempotency_key` in the body (draft-ietf-httpapi-idempotency-key-header).',
    ),
});

const responseHeaders = z.object({
  Location: z.string().describe('Where to look at the job.'),
  'Retry-After': z.int().min(1).describe('Whole seconds until it is worth asking for its status.'),
  'Idempotent-Replayed': z
    .literal('true')
    .optional()
    .describe('Sent when the job is one that an earlier request with the same key made.'),
});

/** How soon it is worth asking for the status of a job that may be claimed at once. */
const RETRY_AFTER_SECONDS = 1;

export const jobSubmit = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/job/submit',
      tags: ['jobs'],
      summary: 'Submit a job',
      requestHeaders,
      responseHeaders,
    },
    scope: 'submit',
    failure: 'submit the job',
    status: 202,
    errors: ['too_many_requests', 'idempotency_mismatch'],
  })
  .input(newJob)
  .output(answers(acceptedJob))
  .mutation(async ({ ctx, input }) => {
    const { services } = ctx;
    const job = withHeaderKey(input, ctx);
    refuseInternalWebhooks([job], ctx);
    const [submitted] = await services.store.submit([toNewJob(job, ctx)]);
    if (!submitted) throw new Error('the store answered no job for one');
    ctx.setHeader('location', `/v1/toolkit/job/get?job_id=${submitted.jobId}`);
    ctx.setHeader('retry-after', String(retryAfter(job, services.clock.now())));
    if (submitted.replayed) ctx.setHeader('idempotent-replayed', 'true');
    return viewOfAccepted(submitted, services);
  });

/** Whole seconds until the job may be claimed, and never none. */
function retryAfter({ delay_seconds, run_at }: NewJobInput, now: number): number {
  const seconds = delay_seconds ?? ((run_at ?? now) - now) / 1000;
  return Math.max(RETRY_AFTER_SECONDS, Math.ceil(seconds));
}

/** The draft has the key as a quoted string; callers send it without quotes as often. */
function withHeaderKey(job: NewJobInput, ctx: Context): NewJobInput {
  const header = ctx.header('idempotency-key');
  if (header === undefined) return job;
  const key = readKey(header.replace(/^"(.*)"$/, '$1'));
  if (job.idempotency_key !== undefined && job.idempotency_key !== key) {
    throw badKey('Not the same as the Idempotency-Key header');
  }
  return { ...job, idempotency_key: key };
}

function readKey(text: string): string {
  const read = idempotencyKey.safeParse(text);
  if (read.success) return read.data;
  throw badKey(toIssues(read.error)[0]?.message ?? 'Invalid');
}

function badKey(message: string) {
  return invalidPayload([{ path: 'idempotency_key', message }]);
}
