// workers.list: the workers that are there, and what each of them is doing.
import { z } from 'zod';
import {
  endpointPath,
  EXAMPLE_JOB_ID,
  knownJobId,
  progress,
  timestamp,
} from '../contract/fields.ts';
import type { ActiveWorker, RunningJob } from '../store/job-store.ts';
import { answers, procedure } from './trpc.ts';

/** A worker that waits for work claims again every 30 s at the latest. */
const SEEN_WITHIN_MS = 2 * 60 * 1000;

/** Of each worker. */
const MAX_JOBS = 20;

const runningJob = z.object({
  job_id: knownJobId,
  endpoint: endpointPath,
  started_at: timestamp,
  progress: progress.nullable(),
});

const worker = z.object({
  worker_id: z.string(),
  pid: z.int().min(0).nullable().describe('As its last claim said.'),
  seen_at: timestamp.describe('When it claimed, or said something of a job; epoch milliseconds.'),
  endpoints: z
    .array(endpointPath)
    .describe('The kinds of work of its last claim; after a restart those of its jobs.'),
  running: z.int().min(0).describe('How many jobs it has.'),
  jobs: z.array(runningJob).describe(`Those it has had longest, at most ${MAX_JOBS}.`),
});

const output = z.object({ workers: z.array(worker).describe('Sorted by worker_id.') }).meta({
  examples: [
    {
      workers: [
        {
          worker_id: 'transcriber-1',
          pid: 123456,
          seen_at: 1764000006357,
          endpoints: ['/v1/media/transcribe'],
          running: 1,
          jobs: [
            {
              job_id: EXAMPLE_JOB_ID,
              endpoint: '/v1/media/transcribe',
              started_at: 1764000001123,
              progress: { percent: 40 },
            },
          ],
        },
      ],
    },
  ],
});

export const workersList = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/workers/list',
      tags: ['workers'],
      summary: 'List workers',
      description:
        'Those that have a job, and those that claimed or said something of a job within the last two minutes; the 10,000 that spoke last.',
    },
    scope: 'read',
    failure: 'list the workers',
  })
  .input(
    z
      .strictObject({})
      .meta({ examples: [{}] })
      .optional(),
  )
  .output(answers(output))
  .query(async ({ ctx: { services, principal } }): Promise<z.output<typeof output>> => {
    const limits = { seenWithinMs: SEEN_WITHIN_MS, maxJobs: MAX_JOBS };
    const found = await services.store.listWorkers(principal.tenant, limits);
    return { workers: found.map(viewOf) };
  });

function viewOf(seen: ActiveWorker): z.output<typeof worker> {
  return {
    worker_id: seen.workerId,
    pid: seen.workerPid,
    seen_at: seen.seenAt,
    endpoints: seen.endpoints,
    running: seen.running,
    jobs: seen.jobs.map(viewOfJob),
  };
}

function viewOfJob(job: RunningJob): z.output<typeof runningJob> {
  const { jobId: job_id, endpoint, startedAt: started_at, progress: told } = job;
  return { job_id, endpoint, started_at, progress: told };
}
