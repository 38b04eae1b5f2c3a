// Following a job to its end before a person's eyes; Ctrl-C ends the following, not the job.
import { constants } from 'node:os';
import {
  JobCancelledError,
  JobFailedError,
  type JobgateClient,
  type JobOf,
} from '../client/client.ts';
import { retryUntilAnswered } from '../client/retry.ts';
import { hasEnded } from '../contract/job.ts';
import { CommandError } from './command-error.ts';
import { openJobDisplay } from './job-display.ts';
import { stopSignal } from './stop-signal.ts';

/**
 * Shows every change on stderr and gives the job once it is done. Rejects with JobFailedError,
 * JobCancelledError, GatewayError, or on a signal with a CommandError that has its exit code.
 */
export async function followJob(client: JobgateClient, jobId: string): Promise<JobOf> {
  const controller = new AbortController();
  void stopSignal().then((signal) => controller.abort(leaving(jobId, signal)));
  const job = await endOf(client, jobId, controller.signal);
  if (job.job_status === 'failed') throw new JobFailedError(job);
  if (job.job_status === 'cancelled') throw new JobCancelledError(job);
  return job;
}

async function endOf(client: JobgateClient, jobId: string, signal: AbortSignal): Promise<JobOf> {
  const display = openJobDisplay(process.stderr);
  try {
    for (;;) {
      for await (const change of client.watch(jobId, { signal })) display.show(change);
      // The gateway may be away just now.
      const job = await retryUntilAnswered(() => client.get(jobId, { signal }), { signal });
      // It may have been retried in between.
      if (hasEnded(job.job_status)) return job;
    }
  } finally {
    display.close();
  }
}

function leaving(jobId: string, signal: 'SIGINT' | 'SIGTERM'): CommandError {
  const again = `see it again with: jobgate watch ${jobId}`;
  const exitCode = 128 + constants.signals[signal];
  return new CommandError(`No longer watching; the job goes on. You can ${again}`, exitCode);
}

/** On stdout: on a terminal to be read, else in one line. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined)}\n`);
}
