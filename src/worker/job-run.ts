// One job in the hands of a worker: its handler runs, its lease is kept, its end is reported.
import type { GatewayError } from '../client/gateway-error.ts';
import { retryUntilAnswered, type Retry } from '../client/retry.ts';
import type { Progress } from '../contract/job.ts';
import type { ClaimedWork, GatewayApi } from './gateway-api.ts';
import type { Handler, HandlerProgress, WorkerContext, WorkerJob } from './handler.ts';
import { JobAborted, type AbortReason } from './job-aborted.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { completion, failureOf, refusedResult, release, type Report } from './report.ts';
import type { JobMark, OnWorkerEvent } from './worker-event.ts';

const REPORTED = { complete: 'completed', fail: 'failed', release: 'released' } as const;

export class JobRun {
  readonly #work: ClaimedWork;
  readonly #api: GatewayApi;
  readonly #emit: OnWorkerEvent;
  readonly #mark: JobMark;
  readonly #keeper: LeaseKeeper;
  readonly #startedAt = performance.now();
  /** Aborted to stop the handler. */
  readonly #handling = new AbortController();
  /** Aborted to stop reporting. */
  readonly #reporting = new AbortController();
  readonly #abandoned = Promise.withResolvers<undefined>();
  #phase: 'handling' | 'reporting' | 'lost' = 'handling';

  constructor(work: ClaimedWork, api: GatewayApi, emit: OnWorkerEvent) {
    this.#work = work;
    this.#api = api;
    this.#emit = emit;
    this.#mark = { jobId: work.job_id, endpoint: work.endpoint, attempt: work.attempt };
    this.#keeper = new LeaseKeeper(api, work, {
      onCancelRequested: () => this.#abort('cancel_requested'),
      onLost: (error) => this.#lose(error),
      onProgressRefused: ({ message }) =>
        emit({ kind: 'progress_refused', message, ...this.#mark }),
      onRetry: (retry) => this.#tellRetry('heartbeat', retry),
    });
  }

  /** Runs `handler` and reports; resolves when the job is no longer this worker's to do. */
  async run(handler: Handler): Promise<void> {
    this.#emit({ kind: 'claimed', ...this.#mark });
    this.#keeper.start();
    const report = await Promise.race([this.#handle(handler), this.#abandoned.promise]);
    await this.#finish(report ?? release(this.#work));
  }

  /** Gives the job back without running it. */
  handBack(): Promise<void> {
    return this.#finish(release(this.#work));
  }

  /** Asks the handler to stop: the worker does. */
  stop(): void {
    this.#abort('stopping');
  }

  /** Waits for the handler no longer: the job goes back. */
  abandon(): void {
    this.#abandoned.resolve(undefined);
  }

  /** Sends the report no more; the lease will lapse. */
  giveUp(): void {
    this.#reporting.abort();
  }

  async #handle(handler: Handler): Promise<Report> {
    try {
      return completion(this.#work, await handler(toJob(this.#work), this.#context()));
    } catch (error) {
      // Whatever it threw, it was told to stop: that is no fault of the job.
      const { reason } = this.#handling.signal as { reason: unknown };
      const isStopped = reason instanceof JobAborted && reason.reason === 'stopping';
      return isStopped ? release(this.#work) : failureOf(this.#work, error);
    }
  }

  #context(): WorkerContext {
    return {
      signal: this.#handling.signal,
      attempt: this.#work.attempt,
      progress: (progress) => {
        if (this.#phase === 'handling') this.#keeper.tell(toProgress(progress));
      },
    };
  }

  #abort(reason: AbortReason): void {
    if (this.#phase !== 'handling' || this.#handling.signal.aborted) return;
    this.#emit({ kind: 'aborted', reason, ...this.#mark });
    this.#handling.abort(new JobAborted(reason));
  }

  /**
   * Counts only while the handler runs: a heartbeat that crosses its job's report is refused too,
   * and the answer to the report is the one that is true.
   */
  #lose({ message }: GatewayError): void {
    if (this.#phase !== 'handling') return;
    this.#abort('lease_lost');
    this.#phase = 'lost';
    this.#emit({ kind: 'dropped', message, ...this.#mark });
  }

  async #finish(report: Report): Promise<void> {
    if (this.#phase === 'lost') return;
    this.#phase = 'reporting';
    try {
      await this.#report(report);
    } catch (error) {
      this.#emit({ kind: 'dropped', message: (error as GatewayError).message, ...this.#mark });
    } finally {
      this.#keeper.stop();
    }
  }

  async #report(report: Report): Promise<void> {
    const runMs = performance.now() - this.#startedAt;
    try {
      const { job_status: jobStatus } = await this.#send(report);
      const { verb, message } = report;
      this.#emit({ kind: REPORTED[verb], jobStatus, runMs, message, ...this.#mark });
    } catch (error) {
      const { status } = error as GatewayError;
      if (report.verb !== 'complete' || (status !== 413 && status !== 400)) throw error;
      await this.#report(refusedResult(this.#work, error as GatewayError));
    }
  }

  #send(report: Report): Promise<{ job_status: string }> {
    const { signal } = this.#reporting;
    const call = () => this.#api.report(report, signal);
    const onRetry = (retry: Retry) => this.#tellRetry('report', retry);
    return retryUntilAnswered(call, { signal, onRetry });
  }

  #tellRetry(what: 'heartbeat' | 'report', { error, inMs }: Retry): void {
    this.#emit({ kind: 'retrying', what, message: error.message, inMs });
  }
}

function toJob(work: ClaimedWork): WorkerJob {
  return {
    jobId: work.job_id,
    id: work.id,
    endpoint: work.endpoint,
    payload: work.payload,
    attempt: work.attempt,
    maxAttempts: work.max_attempts,
    deadlineAt: work.deadline_at,
  };
}

function toProgress({ percent, phase, message, etaSeconds }: HandlerProgress): Progress {
  return {
    percent: percent === undefined ? undefined : Math.min(100, Math.max(0, percent)),
    phase,
    message,
    eta_seconds: etaSeconds,
  };
}
