// The client's methods on a gateway: each a call, or a job followed to its end.
import { hasEnded, type Progress } from '../contract/job.ts';
import { Caller, type CallOptions } from './caller.ts';
import { checkAddress, GatewayHttp } from './gateway-http.ts';
import type { JobChange } from './job-change.ts';
import { JobCancelledError, JobFailedError, WaitTimeoutError } from './job-error.ts';
import type { FollowTiming } from './job-follower.ts';
import type {
  DoneJob,
  JobgateClient,
  JobgateClientOptions,
  JobStatusOf,
  StatusOptions,
  SubmitOptions,
  WaitOptions,
} from './jobgate-client.ts';
import type { InputOf, JobOf, OutputOf, ProcedureName } from './procedures.ts';
import { retryUntilAnswered } from './retry.ts';
import { linkedController, LONGEST_TIMER_MS } from './signals.ts';
import { SharedFollows } from './shared-follows.ts';
import { Slots } from './slots.ts';

export class GatewayClient implements JobgateClient {
  readonly #caller: Caller;
  readonly #follows: SharedFollows;

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
    const following = { http, caller, lines, timing, maxAttempts, streamsFrom: 0 };
    this.#follows = new SharedFollows(following);
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

  watch(jobId: string, { signal }: CallOptions = {}): AsyncIterableIterator<JobChange, void> {
    return this.#follows.watch(jobId, signal);
  }

  async #endOf(
    jobId: string,
    signal: AbortSignal,
    onProgress: WaitOptions['onProgress'],
  ): Promise<JobOf> {
    for await (const change of this.#follows.watch(jobId, signal)) {
      const { progress } = change.data as { progress?: Progress };
      if (progress) onProgress?.(progress, change);
    }
    // The gateway may be away just now.
    const read = () => this.get(jobId, { signal });
    const job = await retryUntilAnswered(read, { signal });
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
