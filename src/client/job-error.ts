// How a wait for a job ends without a result.
import { JobgateClientError } from './gateway-error.ts';
import type { JobOf } from './procedures.ts';

/** The job ended without a result; `job` is all of it. */
abstract class JobEndError extends JobgateClientError {
  readonly job: JobOf;

  constructor(job: JobOf, message: string) {
    super(message);
    this.job = job;
  }
}

/** The job failed for good: `job.code` and `job.error` say why. */
export class JobFailedError extends JobEndError {
  override name = 'JobFailedError';

  constructor(job: JobOf) {
    super(job, `The job ${job.job_id} failed with ${job.code}: ${job.error}`);
  }
}

/** The job was cancelled. */
export class JobCancelledError extends JobEndError {
  override name = 'JobCancelledError';

  constructor(job: JobOf) {
    super(job, `The job ${job.job_id} was cancelled`);
  }
}

/** The time is up; the job goes on. */
export class WaitTimeoutError extends JobgateClientError {
  override name = 'WaitTimeoutError';
  readonly jobId: string;
  readonly timeout: number;

  constructor(jobId: string, timeout: number) {
    super(`The job ${jobId} has not ended within ${timeout} ms`);
    this.jobId = jobId;
    this.timeout = timeout;
  }
}
