// The lease keeper: heartbeats for one job, and its progress with them, until the job is over.
import type { GatewayError } from '../client/gateway-error.ts';
import { retryInMs, type Retry } from '../client/retry.ts';
import type { Progress } from '../contract/job.ts';
import type { ClaimedWork, GatewayApi } from './gateway-api.ts';

export interface LeaseListener {
  onCancelRequested(): void;
  /** The gateway says that the job is not this worker's. */
  onLost(error: GatewayError): void;
  onProgressRefused(error: GatewayError): void;
  onRetry(retry: Retry): void;
}

/** Progress is sent at most once in this time, milliseconds. */
const PROGRESS_MS = 1000;

export class LeaseKeeper {
  readonly #api: GatewayApi;
  readonly #work: ClaimedWork;
  readonly #listener: LeaseListener;
  readonly #heartbeatMs: number;
  readonly #over = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #progress: Progress | undefined;
  #progressSentAt = -Infinity;
  #isBeating = false;
  #failures = 0;

  constructor(api: GatewayApi, work: ClaimedWork, listener: LeaseListener) {
    this.#api = api;
    this.#work = work;
    this.#listener = listener;
    this.#heartbeatMs = work.heartbeat_seconds * 1000;
  }

  start(): void {
    this.#schedule(this.#heartbeatMs);
  }

  /** Sends `progress` with a beat of its own, unless another comes first. */
  tell(progress: Progress): void {
    const isScheduled = this.#progress !== undefined;
    this.#progress = progress;
    // While beats fail, the backoff says when the next one comes.
    if (!isScheduled && !this.#isBeating && this.#failures === 0) this.#scheduleNext();
  }

  stop(): void {
    this.#over.abort();
    clearTimeout(this.#timer);
  }

  #scheduleNext(): void {
    const untilProgress = this.#progressSentAt + PROGRESS_MS - performance.now();
    this.#schedule(this.#progress ? Math.max(0, untilProgress) : this.#heartbeatMs);
  }

  #schedule(ms: number): void {
    if (this.#over.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#beat(), ms);
  }

  async #beat(): Promise<void> {
    const progress = this.#takeProgress();
    this.#isBeating = true;
    try {
      const answer = await this.#api.heartbeat(this.#work, progress, this.#over.signal);
      this.#failures = 0;
      this.#scheduleNext();
      if (answer.cancel_requested) this.#listener.onCancelRequested();
    } catch (error) {
      if (!this.#over.signal.aborted) this.#onFailure(error as GatewayError, progress);
    } finally {
      this.#isBeating = false;
    }
  }

  #takeProgress(): Progress | undefined {
    const progress = this.#progress;
    this.#progress = undefined;
    if (progress) this.#progressSentAt = performance.now();
    return progress;
  }

  #onFailure(error: GatewayError, progress: Progress | undefined): void {
    if (error.isPassing) {
      this.#progress ??= progress;
      this.#retry(error);
    } else if (error.status === 400 && progress) {
      // Too long a word in the progress must not cost the job.
      this.#listener.onProgressRefused(error);
      this.#schedule(0);
    } else {
      this.stop();
      this.#listener.onLost(error);
    }
  }

  #retry(error: GatewayError): void {
    this.#failures += 1;
    const inMs = Math.min(retryInMs(this.#failures, error), this.#heartbeatMs);
    this.#listener.onRetry({ error, inMs });
    this.#schedule(inMs);
  }
}
