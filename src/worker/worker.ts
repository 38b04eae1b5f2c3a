// The worker: claims jobs of its endpoints, runs their handlers side by side, and stops gracefully.
import { GatewayError } from '../client/gateway-error.ts';
import { retryUntilAnswered, type Retry } from '../client/retry.ts';
import { GatewayApi, type ClaimedWork } from './gateway-api.ts';
import type { Handler } from './handler.ts';
import { JobRun } from './job-run.ts';
import { checkOptions, type WorkerOptions } from './worker-options.ts';

export { GatewayError } from '../client/gateway-error.ts';
export type { Handler, HandlerProgress, Handlers, WorkerContext, WorkerJob } from './handler.ts';
export { JobAborted, type AbortReason } from './job-aborted.ts';
export { JobFailure, type JobFailureOptions } from './job-failure.ts';
export type { JobMark, OnWorkerEvent, WorkerEvent } from './worker-event.ts';
export type { WorkerOptions } from './worker-options.ts';

/** How long the gateway may hold a claim back while there is no work. */
const CLAIM_WAIT_SECONDS = 30;

/** What reports get once the handlers' grace is over. */
const LAST_REPORTS_MS = 3000;

const ADVICE = new Map<number | undefined, string>([
  [401, 'it does not know the API key, or the key is revoked or expired'],
  [403, 'the API key needs the scope "work"'],
  [404, 'no gateway answers at this address'],
]);

export interface Worker {
  /**
   * Works until stopped. Resolves after `stop()`; rejects with GatewayError when the gateway
   * refuses this worker (a bad key, a missing scope): asking again would not change that.
   */
  start(): Promise<void>;
  /**
   * Claims no more, aborts the handlers' signals, gives them the grace to finish, and hands back
   * the jobs of those that do not. Resolves when that is done, at the latest 3 s after the grace.
   */
  stop(): Promise<void>;
  /** Handlers that run; after `stop()`, those that did not heed their signal. */
  readonly running: number;
}

/**
 * A worker that runs `handlers` for a gateway. Throws TypeError on options that cannot work.
 *
 *     const worker = createWorker({
 *       url: 'http://127.0.0.1:8080',
 *       apiKey,
 *       handlers: { '/v1/media/cut': (job, { signal }) => cut(job.payload, signal) },
 *     });
 *     await worker.start();
 */
export function createWorker(options: WorkerOptions): Worker {
  return new ClaimingWorker(checkOptions(options));
}

class ClaimingWorker implements Worker {
  readonly #options: ReturnType<typeof checkOptions>;
  readonly #api: GatewayApi;
  readonly #claiming = new AbortController();
  /** Jobs in hand, and when each is no longer. */
  readonly #runs = new Map<JobRun, Promise<void>>();
  #running = 0;
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #claimed: Promise<void> | undefined;
  #onSlotFreed: () => void = () => {};
  #isCutOff = false;

  constructor(options: ReturnType<typeof checkOptions>) {
    this.#options = options;
    this.#api = new GatewayApi(options);
  }

  get running(): number {
    return this.#running;
  }

  start(): Promise<void> {
    return (this.#started ??= this.#work());
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#shutDown());
  }

  async #work(): Promise<void> {
    const { workerId, handlers, emit } = this.#options;
    emit({ kind: 'started', workerId, endpoints: Object.keys(handlers) });
    this.#claimed = this.#claimUntilStopped();
    const refusal = await this.#claimed.catch((error: unknown) => error as Error);
    await this.stop();
    emit({ kind: 'stopped', error: refusal ?? undefined });
    if (refusal) throw refusal;
  }

  async #claimUntilStopped(): Promise<void> {
    while (!this.#isStopping) {
      const free = this.#options.concurrency - this.#runs.size;
      if (free === 0) await this.#nextFreeSlot();
      else for (const work of await this.#claim(free)) this.#take(work);
    }
  }

  get #isStopping(): boolean {
    return this.#claiming.signal.aborted;
  }

  #nextFreeSlot(): Promise<void> {
    return new Promise((resolve) => (this.#onSlotFreed = resolve));
  }

  /** Empty when there was no work, or when the worker stops. */
  async #claim(max: number): Promise<ClaimedWork[]> {
    const { signal } = this.#claiming;
    const call = () => this.#api.claim({ ...this.#claimCall(), max }, signal);
    try {
      const onRetry = (retry: Retry) => this.#onCutOff(retry);
      const claimed = await retryUntilAnswered(call, { signal, onRetry });
      this.#onAnswered();
      return claimed;
    } catch (error) {
      if (this.#isStopping) return [];
      throw refusedBy(this.#api.url, error as GatewayError);
    }
  }

  #claimCall() {
    const { workerId, handlers, leaseSeconds } = this.#options;
    return {
      worker_id: workerId,
      endpoints: Object.keys(handlers),
      pid: process.pid,
      lease_seconds: leaseSeconds,
      wait_seconds: CLAIM_WAIT_SECONDS,
    };
  }

  #onCutOff({ error, inMs }: Retry): void {
    this.#isCutOff = true;
    this.#options.emit({ kind: 'retrying', what: 'claim', message: error.message, inMs });
  }

  #onAnswered(): void {
    if (this.#isCutOff) this.#options.emit({ kind: 'reconnected' });
    this.#isCutOff = false;
  }

  #take(work: ClaimedWork): void {
    const run = new JobRun(work, this.#api, this.#options.emit);
    const over = this.#isStopping ? run.handBack() : run.run(this.#countedHandler(work.endpoint));
    this.#runs.set(
      run,
      over.finally(() => {
        this.#runs.delete(run);
        this.#onSlotFreed();
      }),
    );
  }

  #countedHandler(endpoint: string): Handler {
    const handler = this.#options.handlers[endpoint];
    return async (job, context) => {
      if (!handler) throw new Error(`This worker has no handler for ${endpoint}`);
      this.#running += 1;
      try {
        return await handler(job, context);
      } finally {
        this.#running -= 1;
      }
    };
  }

  async #shutDown(): Promise<void> {
    const { stopGraceMs, emit } = this.#options;
    emit({ kind: 'stopping' });
    this.#claiming.abort();
    for (const run of this.#runs.keys()) run.stop();
    const { promise: outOfTime, resolve } = Promise.withResolvers<void>();
    const timers = [
      setTimeout(() => this.#abandonHandlers(), stopGraceMs),
      setTimeout(() => resolve(this.#giveUpReports()), stopGraceMs + LAST_REPORTS_MS),
    ];
    await Promise.race([this.#allOver(), outOfTime]);
    for (const timer of timers) clearTimeout(timer);
  }

  #abandonHandlers(): void {
    for (const run of this.#runs.keys()) run.abandon();
  }

  async #giveUpReports(): Promise<void> {
    for (const run of this.#runs.keys()) run.giveUp();
    await Promise.all(this.#runs.values());
  }

  /** The last claim first: it may still hand out jobs, which go back. */
  async #allOver(): Promise<void> {
    await this.#claimed?.catch(() => {});
    await Promise.all(this.#runs.values());
  }
}

/** What a person can do about it; the key is not repeated. */
function refusedBy(url: string, error: GatewayError): GatewayError {
  const { status, message } = error;
  const advice = ADVICE.get(status) ?? 'check the address and the handlers';
  const text = `The gateway at ${url} gives this worker no jobs: ${advice} (${message})`;
  return new GatewayError(text, { status, cause: error });
}
