// The flat, unambiguous view of a job, as job.get shows it.
import { z } from 'zod';
import {
  anyJson,
  callerId,
  endpointPath,
  EXAMPLE_JOB_ID,
  jsonObject,
  knownJobId,
  progress,
  timestamp,
} from './fields.ts';
import { ATTEMPT_OUTCOMES, JOB_STATUSES, type Attempt, type Job, type JobSummary } from './job.ts';

const attemptView = z.object({
  fence: z.int().min(1),
  worker_id: z.string(),
  pid: z.int().min(0).nullable(),
  started_at: timestamp,
  ended_at: timestamp.nullable(),
  outcome: z.enum(ATTEMPT_OUTCOMES).nullable().describe('Null while it runs.'),
  message: z.string().nullable(),
});

const EXAMPLE_JOB = {
  job_id: EXAMPLE_JOB_ID,
  id: 'transcribe_job_123',
  endpoint: '/v1/media/transcribe',
  job_status: 'done' as const,
  payload: { media_url: 'https://example.com/talk.mp3' },
  code: 200,
  result: { text: 'Hello.' },
  error: null,
  progress: { percent: 100 },
  attempt: 1,
  fence: 1,
  max_attempts: 3,
  attempts: [
    {
      fence: 1,
      worker_id: 'transcriber-1',
      pid: 123456,
      started_at: 1764000001123,
      ended_at: 1764000006357,
      outcome: 'done' as const,
      message: null,
    },
  ],
  lost_leases: 0,
  worker_id: 'transcriber-1',
  priority: 0,
  queue_position: null,
  estimated_start_at: null,
  cancel_requested: false,
  created_at: 1764000000000,
  run_at: 1764000000000,
  started_at: 1764000001123,
  ended_at: 1764000006357,
  expires_at: 1766592006357,
  version: 3,
};

const {
  payload: _payload,
  result: _result,
  attempts: _attempts,
  queue_position: _position,
  estimated_start_at: _start,
  ...exampleSummary
} = EXAMPLE_JOB;

export const EXAMPLE_SUMMARY = exampleSummary;

export const jobView = z
  .object({
    job_id: knownJobId,
    id: callerId.nullable(),
    endpoint: endpointPath,
    job_status: z.enum(JOB_STATUSES),
    payload: jsonObject,
    code: z
      .int()
      .min(200)
      .max(599)
      .nullable()
      .describe('200, 400 to 599, or 499 when cancelled; null until it ends.'),
    result: anyJson.describe('What the worker returned; null unless done.'),
    error: z.string().nullable().describe('Why it failed; null unless failed or cancelled.'),
    progress: progress.nullable(),
    attempt: z
      .int()
      .min(1)
      .describe('Number of the present or last attempt: retried failures + 1.'),
    fence: z.int().min(0).describe('Rises by one with every claim.'),
    max_attempts: z.int().min(1),
    attempts: z.array(attemptView).describe('Every time a worker had it, oldest first.'),
    lost_leases: z.int().min(0),
    worker_id: z.string().nullable(),
    priority: z.int().min(-100).max(100),
    queue_position: z
      .int()
      .min(0)
      .max(1000)
      .nullable()
      .describe('How many go before it; null beyond 1,000 and unless it waits to be claimed.'),
    estimated_start_at: timestamp
      .nullable()
      .describe('From the recent run times of its endpoint; null when nothing is known.'),
    cancel_requested: z.boolean(),
    created_at: timestamp,
    run_at: timestamp.describe('Not claimed before; epoch milliseconds.'),
    started_at: timestamp.nullable().describe('Begin of the present or last attempt.'),
    ended_at: timestamp.nullable(),
    expires_at: timestamp.nullable().describe('When an ended job is removed.'),
    version: z.int().min(1).describe('Rises by one with every change.'),
  })
  .meta({ id: 'Job', examples: [EXAMPLE_JOB] });

export type JobView = z.output<typeof jobView>;

/** Where a waiting job stands. */
interface Place {
  queuePosition: number | null;
  estimatedStartAt: number | null;
}

/** The view's fields, in its order; `payload` and `result` are JsonText still. */
export function viewOf(job: Job, attempts: readonly Attempt[], place: Place) {
  const summary = summaryOf(job);
  return {
    job_id: summary.job_id,
    id: summary.id,
    endpoint: summary.endpoint,
    job_status: summary.job_status,
    payload: job.payload,
    code: summary.code,
    result: job.end?.result ?? null,
    error: summary.error,
    progress: summary.progress,
    attempt: summary.attempt,
    fence: summary.fence,
    max_attempts: summary.max_attempts,
    attempts: attempts.map(viewOfAttempt),
    lost_leases: summary.lost_leases,
    worker_id: summary.worker_id,
    priority: summary.priority,
    queue_position: place.queuePosition,
    estimated_start_at: place.estimatedStartAt,
    cancel_requested: summary.cancel_requested,
    created_at: summary.created_at,
    run_at: summary.run_at,
    started_at: summary.started_at,
    ended_at: summary.ended_at,
    expires_at: summary.expires_at,
    version: summary.version,
  };
}

export const jobSummary = jobView
  .omit({
    payload: true,
    result: true,
    attempts: true,
    queue_position: true,
    estimated_start_at: true,
  })
  .meta({ id: 'JobSummary' });

export type JobSummaryView = z.output<typeof jobSummary>;

/** What a list shows of a job. */
export function summaryOf(job: JobSummary): JobSummaryView {
  const { end } = job;
  return {
    job_id: job.jobId,
    id: job.id,
    endpoint: job.endpoint,
    job_status: job.status,
    code: end?.code ?? null,
    error: end === null || job.status === 'done' ? null : end.message,
    progress: job.progress,
    attempt: job.attempt,
    fence: job.fence,
    max_attempts: job.maxAttempts,
    lost_leases: job.lostLeases,
    worker_id: job.workerId,
    priority: job.priority,
    cancel_requested: job.cancelRequestedAt !== null,
    created_at: job.createdAt,
    run_at: job.runAt,
    started_at: job.startedAt,
    ended_at: job.endedAt,
    expires_at: job.expiresAt,
    version: job.version,
  };
}

function viewOfAttempt(attempt: Attempt): z.output<typeof attemptView> {
  const { fence, workerId, workerPid, startedAt, endedAt, outcome, message } = attempt;
  return {
    fence,
    worker_id: workerId,
    pid: workerPid,
    started_at: startedAt,
    ended_at: endedAt,
    outcome,
    message,
  };
}
