// worker.claim: waiting jobs to a worker, each under a lease; holds on until there are some.
import { z } from 'zod';
import {
  callerId,
  endpointPath,
  EXAMPLE_JOB_ID,
  jsonObject,
  knownJobId,
  storedText,
  timestamp,
} from '../contract/fields.ts';
import { composeJson, JsonText } from '../contract/json-text.ts';
import { asAnswer } from '../contract/status.ts';
import type { ClaimedJob } from '../store/job-store.ts';
import { EXAMPLE_LEASE, leaseSeconds } from './worker-fields.ts';
import { answers, procedure, type Context } from './trpc.ts';

const DEFAULT_LEASE_SECONDS = 30;

/** A worker that says it is alive this often may miss two heartbeats before its lease lapses. */
const HEARTBEATS_PER_LEASE = 3;

const input = z
  .strictObject({
    worker_id: storedText(255)
      .min(1)
      .meta({ examples: ['transcriber-1'] }),
    endpoints: z.array(endpointPath).min(1).max(100).describe('The kinds of work it can do.'),
    pid: z.int().min(0).optional().describe("The worker's process id."),
    max: z
      .int()
      .min(1)
      .max(100)
      .default(1)
      .describe('How many jobs at the most; fewer, once their payloads are 8 MiB together.'),
    lease_seconds: leaseSeconds.default(DEFAULT_LEASE_SECONDS),
    wait_seconds: z.int().min(0).max(30).default(0).describe('Holds on until work comes.'),
  })
  .meta({
    examples: [
      { worker_id: 'transcriber-1', endpoints: ['/v1/media/transcribe'], wait_seconds: 30 },
    ],
  });

const output = z
  .object({
    jobs: z.array(
      z.object({
        job_id: knownJobId,
        id: callerId.nullable(),
        endpoint: endpointPath,
        payload: jsonObject,
        attempt: z.int().min(1),
        max_attempts: z.int().min(1),
        lease_token: z.string().describe('Proves that the worker holds the job.'),
        lease_seconds: z.int().min(1),
        heartbeat_seconds: z.int().min(1).describe('How often to call worker.heartbeat.'),
        deadline_at: timestamp.describe('When max_runtime_seconds are up; epoch milliseconds.'),
      }),
    ),
  })
  .meta({
    examples: [
      {
        jobs: [
          {
            job_id: EXAMPLE_JOB_ID,
            id: 'transcribe_job_123',
            endpoint: '/v1/media/transcribe',
            payload: { media_url: 'https://example.com/talk.mp3' },
            attempt: 1,
            max_attempts: 3,
            lease_token: EXAMPLE_LEASE.lease_token,
            lease_seconds: 30,
            heartbeat_seconds: 10,
            deadline_at: 1764003600000,
          },
        ],
      },
    ],
  });

export const workerClaim = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/worker/claim',
      tags: ['workers'],
      summary: 'Claim jobs',
    },
    scope: 'work',
    failure: 'claim jobs',
    errors: ['too_many_requests'],
  })
  .input(input)
  .output(answers(output))
  .mutation(async ({ ctx, input: claim }) => {
    const request = {
      tenant: ctx.principal.tenant,
      endpoints: [...new Set(claim.endpoints)],
      workerId: claim.worker_id,
      workerPid: claim.pid ?? null,
      max: claim.max,
      leaseSeconds: claim.lease_seconds,
    };
    const signal = ctx.signal(claim.wait_seconds > 0);
    const claimed = await ctx.services.queue.claim(request, claim.wait_seconds, signal);
    if (signal.aborted) await giveBack(ctx, claimed);
    const jobs = claimed.map((job) => composeClaimed(job).text);
    return asAnswer<z.output<typeof output>>(new JsonText(`{"jobs":[${jobs.join(',')}]}`));
  });

/** Nobody is there any more to hear of these: without this they would wait for their lease to lapse. */
async function giveBack({ services, principal }: Context, claimed: ClaimedJob[]): Promise<void> {
  const { tenant } = principal;
  const releases = claimed.map(({ jobId, leaseToken }) =>
    services.store.release({ tenant, jobId, leaseToken }),
  );
  await Promise.all(releases);
}

function composeClaimed(job: ClaimedJob): JsonText {
  return composeJson({
    job_id: job.jobId,
    id: job.id,
    endpoint: job.endpoint,
    payload: job.payload,
    attempt: job.attempt,
    max_attempts: job.maxAttempts,
    lease_token: job.leaseToken,
    lease_seconds: job.leaseSeconds,
    heartbeat_seconds: Math.floor(job.leaseSeconds / HEARTBEATS_PER_LEASE),
    deadline_at: job.deadlineAt,
  });
}
