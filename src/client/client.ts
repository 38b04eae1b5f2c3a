// The typed client: submits jobs and follows them to their end, in Node, other runtimes and browsers.
import { hasEnded } from '../contract/job.ts';
import type { Progress } from '../contract/job.ts';
import { Caller, type CallOptions } from './caller.ts';
import { checkAddress, GatewayHttp, type GatewayAddress } from './gateway-http.ts';
import type { JobChange } from './job-change.ts';
import { JobCancelledError, JobFailedError, WaitTimeoutError } from './job-error.ts';
import { JobFollower, type Following, type FollowTiming } from './job-follower.ts';
import type { InputOf, JobOf, OutputOf, ProcedureName } from './procedures.ts';
import { linkedController, LONGEST_TIMER_MS } from './signals.ts';
import { Slots } from './slots.ts';

export type { CallOptions } from './caller.ts';
export * from './gateway-error.ts';
export type { JobChange } from './job-change.ts';
export { JobCancelledError, JobFailedError, WaitTimeoutError } from './job-error.ts';
export type { InputOf, JobOf, OutputOf, ProcedureName } from './procedures.ts';

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
   * Leave it with `break` or `signal`.
   */
  watch(jobId: string, options?: CallOptions): AsyncGenerator<JobChange, void>;
  /** Any other procedure by its name: `call('jobs.list', { job_status: 'failed' })`. */
  call<Name extends ProcedureName>(
    name: Name,
    input: InputOf<Name>,
    options?: CallOptions,
  ): Promise<OutputOf<Name>>;
}

const TIMING: FollowTiming = {
  startMs: 10_000,
  silenceMs: 45_000,
  pollMs: 1000,
  longestPollMs: 5000,
};

/**
 * A client of a gateway. Throws TypeError on options that cannot work.
 *
 *     const jobgate = createJobgateClient({ url: 'http://127.0.0.1:8080', apiKey });
 *     const { job_id } = await jobgate.submit({ endpoint: '/v1/media/cut', payload: { path } });
 *     const { result } = await jobgate.waitFor<Cut>(job_id, { timeout: 600_000 });
 */
export function createJobgateClient(options: JobgateClientOptions): JobgateClient {
  return new GatewayClient(options, TIMING);
}

/** Not exported from the package: `timing` is for tests. */
export class GatewayClient implements JobgateClient {
  readonly #caller: Caller;
  readonly #following: Following;

  constructor(options: JobgateClientOptions, timing: FollowTiming) {
    checkAddress(options);
    const { maxAttempts = 5, maxRequests = 6, maxStreams = 4 } = options;
    assertWhole('maxAttempts', maxAttempts, 1);
    assertWhole('maxRequests', maxRequests, 1);
    assertWhole('maxStreams', maxStreams, 0);
    const http = new GatewayHttp(options);
    const caller = new Caller(http, { maxAttempts, maxRequests });
    const lines = new Slots(maxStreams);
    this.#caller = caller;
    this.#following = { http, caller, lines, timing, maxAttempts, streamsFrom: 0 };
  }

  submit(
    job: InputOf<'job.submit'>,
    { idempotencyKey, signal }: SubmitOptions = {},
  ): Promise<OutputOf<'job.submit'>> {
    const idempotency_key = idempotencyKey ?? job.idempotency_key ?? newKey();
    return this.#caller.call('job.submit', { ...job, idempotency_key }, { signal });
  }

  async status<Result>(
    job_id: string,
    { waitSeconds, signal }: StatusOptions = {},
  ): Promise<JobStatusOf<Result>> {
    const input = { job_id, wait_seconds: waitSeconds };
    const { response } = await this.#caller.call('job.status', input, { signal });
    return response as JobStatusOf<Result>;
  }

  get<Result>(job_id: string, options?: CallOptions): Promise<JobOf<Result>> {
    return this.#caller.call('job.get', { job_id }, options) as Promise<JobOf<Result>>;
  }

  cancel(job_id: string, options?: CallOptions): Promise<OutputOf<'job.cancel'>> {
    return this.#caller.call('job.cancel', { job_id }, options);
  }

  call<Name extends ProcedureName>(
    name: Name,
    input: InputOf<Name>,
    options?: CallOptions,
  ): Promise<OutputOf<Name>> {
    return this.#caller.call(name, input, options);
  }

  async waitFor<Result>(
    jobId: string,
    { timeout = Infinity, onProgress, signal }: WaitOptions = {},
  ): Promise<DoneJob<Result>> {
    if (!(timeout >= 0)) throw new TypeError('timeout must be milliseconds, 0 or more');
    const { controller, release } = linkedController(signal);
    const giveUp = () => controller.abort(new WaitTimeoutError(jobId, timeout));
    const timer = timeout > LONGEST_TIMER_MS ? undefined : setTimeout(giveUp, timeout);
    try {
      return doneOrThrow<Result>(await this.#endOf(jobId, controller.signal, onProgress));
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  async *watch(jobId: string, { signal }: CallOptions = {}): AsyncGenerator<JobChange, void> {
    const { controller, release } = linkedController(signal);
    try {
      yield* new JobFollower(jobId, this.#following, controller.signal).changes();
    } finally {
      controller.abort();
      release();
    }
  }

  async #endOf(
    jobId: string,
    signal: AbortSignal,
    onProgress: WaitOptions['onProgress'],
  ): Promise<JobOf> {
    const follower = new JobFollower(jobId, this.#following, signal);
    for await (const change of follower.changes()) {
      const { progress } = change.data as { progress?: Progress };
      if (progress) onProgress?.(progress, change);
    }
    const job = follower.job ?? (await this.get(jobId, { signal }));
    // It may have been retried in between.
    return hasEnded(job.job_status) ? job : this.#endOf(jobId, signal, onProgress);
  }
}

function doneOrThrow<Result>(job: JobOf): DoneJob<Result> {
  if (job.job_status === 'done') return job as DoneJob<Result>;
  throw job.job_status === 'cancelled' ? new JobCancelledError(job) : new JobFailedError(job);
}

/** 128 random bits. `crypto.randomUUID` is missing on pages that come over plain http. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function assertWhole(name: string, value: number, min: number): void {
  if (Number.isInteger(value) && value >= min) return;
  throw new TypeError(`${name} must be a whole number from ${min}`);
}
