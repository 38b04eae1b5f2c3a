// `jobgate status`: what is known of a job, and an exit code by its outcome.
import {
  JobCancelledError,
  JobFailedError,
  WaitTimeoutError,
  type JobgateClient,
  type JobOf,
} from '../client/client.ts';
import { parseArguments, refuseMore } from './arguments.ts';
import { UsageError } from './command-error.ts';
import { JOB_EXIT_CODES } from './exit-codes.ts';
import { printJson } from './follow-job.ts';
import { GATEWAY_VARIABLES, openGatewayClient } from './gateway-client.ts';
import { durationText, progressText, timeText } from './job-text.ts';
import { readNumber } from './numbers.ts';
import { onOneLine } from './one-line.ts';

const USAGE = `Usage: jobgate status JOB_ID [--wait SECONDS] [--json]

Prints what is known of a job, with --json all of it. With --wait it waits for the job's end for so
many seconds at the longest.

Exit code: 0 done, 30 failed, 31 cancelled, 32 not ended yet, 33 no such job.
${GATEWAY_VARIABLES}
`;

const OPTIONS = {
  wait: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

const EXIT_CODES: Record<JobOf['job_status'], number> = {
  done: 0,
  failed: JOB_EXIT_CODES.failed,
  cancelled: JOB_EXIT_CODES.cancelled,
  queued: JOB_EXIT_CODES.not_ended,
  running: JOB_EXIT_CODES.not_ended,
};

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  if (values.help) return (process.stdout.write(USAGE), 0);
  const [jobId, ...more] = positionals;
  if (jobId === undefined) throw new UsageError('Say which job: jobgate status JOB_ID');
  refuseMore(more);
  const seconds = readNumber('--wait', values.wait);
  if (seconds !== undefined && seconds < 0)
    throw new UsageError('--wait must be 0 or more seconds');
  const client = openGatewayClient();
  const job = seconds ? await waitFor(client, jobId, seconds * 1000) : await client.get(jobId);
  if (values.json) printJson(job);
  else process.stdout.write(describe(job));
  return EXIT_CODES[job.job_status];
}

/** The job at its end or when the time is up. */
async function waitFor(client: JobgateClient, jobId: string, timeout: number): Promise<JobOf> {
  try {
    return await client.waitFor(jobId, { timeout });
  } catch (error) {
    if (error instanceof JobFailedError || error instanceof JobCancelledError) return error.job;
    if (error instanceof WaitTimeoutError) return client.get(jobId);
    throw error;
  }
}

function describe(job: JobOf): string {
  const rows = Object.entries(factsOf(job)).filter(([, text]) => text);
  return rows.map(([name, text]) => `${name.padEnd(11)}${String(text)}\n`).join('');
}

function factsOf(job: JobOf): Record<string, unknown> {
  return {
    job: job.job_id,
    id: job.id && onOneLine(job.id),
    endpoint: job.endpoint,
    status: job.job_status + (job.cancel_requested && !job.ended_at ? ', asked to stop' : ''),
    submitted: timeText(job.created_at),
    due: job.job_status === 'queued' && job.run_at > job.created_at && timeText(job.run_at),
    place: placeOf(job),
    attempt: job.started_at && `${job.attempt} of ${job.max_attempts}${workerOf(job)}`,
    progress: job.job_status === 'running' && onOneLine(progressText(job.progress ?? {})),
    ran: ranFor(job),
    error: job.error && onOneLine(`${job.code} ${job.error}`),
    result: job.job_status === 'done' ? JSON.stringify(job.result) : undefined,
  };
}

function placeOf({ queue_position: position, estimated_start_at: startAt }: JobOf) {
  if (position === null) return undefined;
  const ahead = position === 0 ? 'next' : `${position} before it`;
  return startAt === null ? ahead : `${ahead}, begins about ${timeText(startAt)}`;
}

function workerOf({ worker_id: worker }: JobOf): string {
  return worker === null ? '' : `, by ${onOneLine(worker)}`;
}

function ranFor({ started_at: start, ended_at: end }: JobOf): string | undefined {
  return start === null || end === null ? undefined : `for ${durationText(end - start)}`;
}
