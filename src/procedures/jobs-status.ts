// jobs.status: the states of the jobs that changed lately, in the toolkit's envelope.
import { z } from 'zod';
import { EXAMPLE_JOB_ID, jobId } from '../contract/fields.ts';
import { JOB_STATUSES, type JobStatus } from '../contract/job.ts';
import { JsonText } from '../contract/json-text.ts';
import { asAnswer, composeEnvelope, envelopeSchema, exampleEnvelope } from '../contract/status.ts';
import { originOf } from './origin.ts';
import { answers, procedure, type Context } from './trpc.ts';

const PATH = '/v1/toolkit/jobs/status';

const DEFAULT_SINCE_SECONDS = 600;
const MAX_SINCE_SECONDS = 31 * 24 * 60 * 60;

/** Jobs in one answer: about half a megabyte. */
const MAX_JOBS = 10_000;

/** Ids in one question. */
const MAX_JOB_IDS = 1000;

const input = z
  .object({
    since_seconds: z
      .number()
      .min(0)
      .max(MAX_SINCE_SECONDS)
      .default(DEFAULT_SINCE_SECONDS)
      .describe('Jobs that changed within so many seconds.'),
    job_ids: z
      .array(jobId)
      .min(1)
      .max(MAX_JOB_IDS)
      .optional()
      .describe('Instead: these jobs, each of them; `unknown` for those that are not there.'),
  })
  .meta({
    examples: [{ since_seconds: DEFAULT_SINCE_SECONDS }, { job_ids: [EXAMPLE_JOB_ID] }],
  })
  .prefault({});

const output = envelopeSchema(
  z
    .record(z.string(), z.enum([...JOB_STATUSES, 'unknown']))
    .describe('State by job_id: last changed first, or in the order asked for.'),
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
  .query(async ({ ctx, input: asked }) => {
    const { services, principal } = ctx;
    const { statuses, message } = asked.job_ids
      ? await statusesOf(asked.job_ids, ctx)
      : await recentStatuses(asked.since_seconds, ctx);
    const envelope = composeEnvelope(
      {
        endpoint: PATH,
        id: null,
        jobId: null,
        response: JsonText.of(Object.fromEntries(statuses)),
        message,
        runMs: services.clock.monotonic() - ctx.startedAt,
        queueLength: await services.store.queueLength(principal.tenant),
      },
      originOf(services),
    );
    return asAnswer<z.output<typeof output>>(envelope);
  });

interface Found {
  statuses: Iterable<[string, JobStatus | 'unknown']>;
  message: string;
}

async function statusesOf(
  jobIds: readonly string[],
  { services, principal }: Context,
): Promise<Found> {
  const known = await services.store.findStatuses(principal.tenant, jobIds);
  return { statuses: jobIds.map((id) => [id, known.get(id) ?? 'unknown']), message: 'success' };
}

async function recentStatuses(
  sinceSeconds: number,
  { services, principal }: Context,
): Promise<Found> {
  const since = Math.floor(services.clock.now() - sinceSeconds * 1000);
  const found = await services.store.listChangedSince(principal.tenant, since, MAX_JOBS + 1);
  if (found.size <= MAX_JOBS) return { statuses: found, message: 'success' };
  return { statuses: [...found].slice(0, MAX_JOBS), message: CUT };
}

const CUT = `the ${MAX_JOBS} most recently changed jobs; ask for fewer since_seconds`;
