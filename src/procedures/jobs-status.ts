// jobs.status: the states of the jobs that changed lately, in the toolkit's envelope.
import { z } from 'zod';
import { EXAMPLE_JOB_ID } from '../contract/fields.ts';
import { JOB_STATUSES } from '../contract/job.ts';
import { JsonText } from '../contract/json-text.ts';
import { asAnswer, composeEnvelope, envelopeSchema, exampleEnvelope } from '../contract/status.ts';
import { originOf } from './origin.ts';
import { answers, procedure } from './trpc.ts';

const PATH = '/v1/toolkit/jobs/status';

const DEFAULT_SINCE_SECONDS = 600;
const MAX_SINCE_SECONDS = 31 * 24 * 60 * 60;

/** Jobs in one answer: about half a megabyte. */
const MAX_JOBS = 10_000;

const input = z
  .object({
    since_seconds: z
      .number()
      .min(0)
      .max(MAX_SINCE_SECONDS)
      .default(DEFAULT_SINCE_SECONDS)
      .describe('Jobs that changed within so many seconds.'),
  })
  .meta({ examples: [{ since_seconds: DEFAULT_SINCE_SECONDS }] })
  .optional();

const output = envelopeSchema(
  z.record(z.string(), z.enum(JOB_STATUSES)).describe('State by job_id, last changed first.'),
).meta({ examples: [exampleEnvelope(PATH, null, { [EXAMPLE_JOB_ID]: 'done' })] });

export const jobsStatus = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: PATH,
      tags: ['toolkit'],
      summary: 'The states of recent jobs',
    },
    scope: 'read',
    failure: 'retrieve the status of the jobs',
  })
  .input(input)
  .output(answers(output))
  .query(async ({ ctx, input: { since_seconds } = { since_seconds: DEFAULT_SINCE_SECONDS } }) => {
    const { services, principal } = ctx;
    const { store, clock } = services;
    const since = Math.floor(clock.now() - since_seconds * 1000);
    const statuses = await store.listChangedSince(principal.tenant, since, MAX_JOBS);
    const envelope = composeEnvelope(
      {
        endpoint: PATH,
        id: null,
        jobId: null,
        response: JsonText.of(Object.fromEntries(statuses)),
        message: statuses.size < MAX_JOBS ? 'success' : CUT,
        runMs: clock.monotonic() - ctx.startedAt,
        queueLength: await store.queueLength(principal.tenant),
      },
      originOf(services),
    );
    return asAnswer<z.output<typeof output>>(envelope);
  });

const CUT = `the ${MAX_JOBS} most recently changed jobs; ask for fewer since_seconds`;
