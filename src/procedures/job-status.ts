// job.status: what became of a job, in the toolkit's envelope. The heart of the gateway.
import { z } from 'zod';
import { jobNotFound } from '../contract/errors.ts';
import { callerId, EXAMPLE_JOB_ID, jobId, waitSeconds } from '../contract/fields.ts';
import {
  asAnswer,
  composeEnvelope,
  composeStatusResponse,
  EXAMPLE_STATUS_RESPONSE,
  exampleEnvelope,
  statusEnvelope,
  type StatusEnvelope,
} from '../contract/status.ts';
import { originOf } from './origin.ts';
import { setRetryAfter, waitRequestHeaders, waitResponseHeaders } from './polling.ts';
import { answers, procedure } from './trpc.ts';

const PATH = '/v1/toolkit/job/status';

const input = z
  .object({
    job_id: jobId,
    id: callerId.optional(),
    wait_seconds: waitSeconds,
  })
  .meta({ examples: [{ job_id: EXAMPLE_JOB_ID }] });

const output = statusEnvelope.meta({
  examples: [exampleEnvelope(PATH, EXAMPLE_JOB_ID, EXAMPLE_STATUS_RESPONSE)],
});

export const jobStatus = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: PATH,
      tags: ['toolkit'],
      summary: 'The status of a job',
      requestHeaders: waitRequestHeaders,
      responseHeaders: waitResponseHeaders,
    },
    waits: true,
    scope: 'read',
    failure: 'retrieve job status',
    errors: ['job_not_found', 'too_many_requests'],
  })
  .input(input)
  .output(answers(output))
  .query(async ({ ctx, input: { job_id, id, wait_seconds = 0 } }) => {
    const { services, principal } = ctx;
    const ref = { tenant: principal.tenant, jobId: job_id };
    const signal = wait_seconds > 0 ? ctx.signal(true) : undefined;
    const state = await services.queue.findState(ref, wait_seconds, signal);
    if (!state) throw jobNotFound(job_id);
    await setRetryAfter(ctx, state);
    const origin = originOf(services);
    const envelope = composeEnvelope(
      {
        endpoint: PATH,
        id: id ?? null,
        jobId: job_id,
        response: composeStatusResponse(state, origin),
        runMs: services.clock.monotonic() - ctx.startedAt,
        queueLength: await services.store.queueLength(principal.tenant),
      },
      origin,
    );
    return asAnswer<StatusEnvelope>(envelope);
  });
