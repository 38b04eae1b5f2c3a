// job.submit: a new job into the queue, durable before it is acknowledged.
import { z } from 'zod';
import { invalidPayload } from '../contract/errors.ts';
import type { Placed } from '../queue/place.ts';
import type { Paced } from '../queue/retry-after.ts';
import type { NewJob } from '../store/job-store.ts';
import { toIssues } from './issues.ts';
import {
  acceptedJob,
  idempotencyKey,
  newJob,
  toNewJob,
  viewOfAccepted,
  type NewJobInput,
} from './new-job.ts';
import { pollHeaders, setRetryAfter } from './polling.ts';
import { answers, procedure, type Context } from './trpc.ts';
import { refuseInternalWebhooks } from './webhook-url.ts';

const requestHeaders = z.object({
  'Idempotency-Key': idempotencyKey
    .optional()
    .describe(
      'The same as `idempotency_key` in the body (draft-ietf-httpapi-idempotency-key-header).',
    ),
});

const responseHeaders = pollHeaders.extend({
  Location: z.string().describe('Where to look at the job.'),
  'Idempotent-Replayed': z
    .literal('true')
    .optional()
    .describe('Sent when the job is one that an earlier request with the same key made.'),
});

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
    const asked = withHeaderKey(input, ctx);
    refuseInternalWebhooks([asked], ctx);
    const job = toNewJob(asked, ctx);
    const [submitted] = await services.store.submit([job], ctx.principal.keyId);
    if (!submitted) throw new Error('the store answered no job for one');
    ctx.setHeader('location', `/v1/toolkit/job/get?job_id=${submitted.jobId}`);
    if (submitted.replayed) tellReplay(ctx);
    else await setRetryAfter(ctx, asSubmitted(job, submitted.jobId, services.clock.now()));
    return viewOfAccepted(submitted, services);
  });

/** Its job may have ended long ago: it is worth asking at once. */
function tellReplay(ctx: Context): void {
  ctx.setHeader('idempotent-replayed', 'true');
  ctx.setHeader('retry-after', '1');
}

/** Not read again: a job that was accepted must not be answered with an error. */
function asSubmitted(job: NewJob, jobId: string, now: number): Paced & Placed {
  const { tenant, endpoint, runAt } = job;
  const fresh = { status: 'queued' as const, startedAt: null, progress: null };
  return { ...fresh, tenant, endpoint, jobId, createdAt: now, runAt: runAt ?? now };
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
