// The events of a job: one for each change that is kept, numbered, so that a stream can be resumed.
import { z } from 'zod';
import { endpointPath, EXAMPLE_JOB_ID, knownJobId, timestamp } from './fields.ts';
import { hasEnded, JOB_STATUSES } from './job.ts';

export const CHANGE_KINDS = [
  'queued',
  'running',
  'progress',
  'cancel_requested',
  'done',
  'failed',
  'cancelled',
  'deleted',
] as const;

export type ChangeKind = (typeof CHANGE_KINDS)[number];

export const jobEvent = z
  .object({
    seq: z.int().min(1).describe('Rises with every event of the gateway, and is never used twice.'),
    job_id: knownJobId,
    endpoint: endpointPath,
    kind: z
      .enum(CHANGE_KINDS)
      .describe('What happened. `deleted` is told to those who follow then, and not kept.'),
    job_status: z.enum(JOB_STATUSES).describe('The state it left the job in.'),
    version: z.int().min(1).describe('That of the job after it.'),
    attempt: z.int().min(1),
    at: timestamp.describe('When, epoch milliseconds.'),
    data: z
      .record(z.string(), z.unknown())
      .describe(
        'Of its kind: `progress`; `worker_id` of who began; `code` and `message` of the end; `reason` of a return to the queue.',
      ),
  })
  .meta({
    examples: [
      {
        seq: 4711,
        job_id: EXAMPLE_JOB_ID,
        endpoint: '/v1/media/transcribe',
        kind: 'progress',
        job_status: 'running',
        version: 3,
        attempt: 1,
        at: 1795523562830,
        data: { progress: { percent: 40, phase: 'decoding' } },
      },
    ],
  });

export type JobEvent = z.output<typeof jobEvent>;

/** Whether the job had ended with this event; a retry by request may have come after it. */
export function isEnd({
  kind,
  job_status: status,
}: Pick<JobEvent, 'kind' | 'job_status'>): boolean {
  return kind === 'deleted' || (kind === status && hasEnded(status));
}
