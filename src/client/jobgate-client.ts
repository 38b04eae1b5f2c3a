// What the client does and takes: its methods, their options, and what they give.
import type { Progress } from '../contract/job.ts';
import type { CallOptions } from './caller.ts';
import type { GatewayAddress } from './gateway-http.ts';
import type { JobChange } from './job-change.ts';
import type { InputOf, JobOf, OutputOf, ProcedureName } from './procedures.ts';

export interface JobgateClientOptions extends GatewayAddress {
  /** Tries of one call before its error is thrown, at least 1. Default: 5, over some 3 s. */
  maxAttempts?: number | undefined;
  /** Calls at the same time; more wait their turn. Default: 6. */
  maxRequests?: number | undefined;
  /**
   * Connections kept open to follow jobs; what is followed beyond that is polled. A browser has six
   * for one host over HTTP/1.1, and calls need some of them. Default: 4.
   */
  maxStreams?: number | undefined;
}

export interface SubmitOptions extends CallOptions {
  /** The same key with the same job within 24 h is the same job. Default: a new one. */
  idempotencyKey?: string | undefined;
}

export interface StatusOptions extends CallOptions {
  /** Holds the answer until the job has ended or so many seconds are over, up to 55. Default: 0. */
  waitSeconds?: number | undefined;
}

export interface WaitOptions extends CallOptions {
  /** Milliseconds until WaitTimeoutError. Default: no end, as above 24 days. */
  timeout?: number | undefined;
  /** Told of all progress that the worker makes, as it comes. */
  onProgress?: ((progress: Progress, change: JobChange) => void) | undefined;
}

/** The inner part of what `job.status` answers. */
export type JobStatusOf<Result = unknown> = Omit<OutputOf<'job.status'>['response'], 'response'> & {
  /** Null until the job has ended. */
  response:
    | (Omit<NonNullable<OutputOf<'job.status'>['response']['response']>, 'response'> & {
        /** What the worker returned; null unless done. */
        response: Result | null;
      })
    | null;
};

/** A job that is done. */
export type DoneJob<Result = unknown> = Omit<JobOf, 'result' | 'job_status'> & {
  job_status: 'done';
  result: Result;
};

/**
 * Every method rejects with GatewayError (of its classes) or, when `signal` is aborted, with the
 * signal's reason. Network failures, 429, 503 and the like are tried again, never sooner than
 * `Retry-After` says, where doing it twice is doing it once.
 */
export interface JobgateClient {
  /** A new job. A submission that has to be sent again never makes two. */
  submit(job: InputOf<'job.submit'>, options?: SubmitOptions): Promise<OutputOf<'job.submit'>>;
  /** Its state and, once it has ended, its result envelope. */
  status<Result = unknown>(jobId: string, options?: StatusOptions): Promise<JobStatusOf<Result>>;
  /** Everything about it. */
  get<Result = unknown>(jobId: string, options?: CallOptions): Promise<JobOf<Result>>;
  /** Ends a waiting job; asks the worker of a running one to stop. */
  cancel(jobId: string, options?: CallOptions): Promise<OutputOf<'job.cancel'>>;
  /**
   * The job once it is done. Rejects with JobFailedError or JobCancelledError, which hold the job,
   * or with WaitTimeoutError. Drops and restarts of the gateway are waited out.
   */
  waitFor<Result = unknown>(jobId: string, options?: WaitOptions): Promise<DoneJob<Result>>;
  /**
   * Every change from the job's beginning up to its end, as it happens; ends after the last one.
   * Leave it with `break` or `signal`. All who follow a job share one connection.
   */
  watch(jobId: string, options?: CallOptions): AsyncIterableIterator<JobChange, void>;
  /** Any other procedure by its name: `call('jobs.list', { job_status: 'failed' })`. */
  call<Name extends ProcedureName>(
    name: Name,
    input: InputOf<Name>,
    options?: CallOptions,
  ): Promise<OutputOf<Name>>;
}
