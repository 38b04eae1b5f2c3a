// From pushed events to pulled ones: a bounded queue between the feed and a tRPC subscription.
import { JobgateError } from '../contract/errors.ts';
import type { JobEvent } from '../contract/job-event.ts';
import type { EventSink } from '../queue/event-feed.ts';
import { toTrpcError, unauthorized } from './trpc.ts';

/** Events a caller may leave unread; one that leaves more is cut off, and resumes where it was. */
const MAX_UNREAD = 1000;

/** How many make the feed wait before it reads more old events. */
const FULL = 200;

export class EventQueue implements EventSink, AsyncIterable<JobEvent> {
  readonly #signal: AbortSignal | undefined;
  readonly #isWanted: (event: JobEvent) => boolean;
  #events: JobEvent[] = [];
  #isOver = false;
  #isFinished = false;
  #wakeReader: () => void = () => {};
  #wakeFeed: () => void = () => {};
  #stop: () => void = () => {};
  #fault = interrupted;

  /** `signal`: aborted when the caller goes away. */
  constructor(
    signal: AbortSignal | undefined,
    isWanted: (event: JobEvent) => boolean = () => true,
  ) {
    this.#signal = signal;
    this.#isWanted = isWanted;
  }

  startedBy(follow: (sink: EventSink) => () => void): void {
    this.#stop = follow(this);
    if (this.#signal?.aborted) this.#stop();
    else this.#signal?.addEventListener('abort', this.#stop, { once: true });
  }

  /** The job has ended, and the caller has all of its events. */
  finish(): void {
    this.#isFinished = true;
    this.end();
  }

  /** The caller's key has ended: it does not come back with it. */
  refuse(): void {
    this.#fault = unauthorized;
    this.#stop();
    this.end();
  }

  send(event: JobEvent, isLast: boolean): void {
    if (!this.#isWanted(event)) return;
    this.#events.push(event);
    if (isLast) this.#isFinished = true;
    if (this.#events.length > MAX_UNREAD) this.#stop();
    this.#wakeReader();
  }

  async drained(): Promise<void> {
    if (this.#isOver || this.#events.length < FULL) return;
    await new Promise<void>((resolve) => (this.#wakeFeed = resolve));
  }

  end(): void {
    this.#isOver = true;
    this.#wakeReader();
    this.#wakeFeed();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JobEvent, void> {
    try {
      for (;;) {
        const events = this.#events;
        this.#events = [];
        this.#wakeFeed();
        yield* events;
        if (this.#events.length > 0) continue;
        if (this.#isOver) break;
        await new Promise<void>((resolve) => (this.#wakeReader = resolve));
      }
    } finally {
      this.#signal?.removeEventListener('abort', this.#stop);
      this.#stop();
    }
    // A return would tell tRPC's client that there is no more; after this it comes back.
    if (!this.#isFinished && !this.#signal?.aborted) throw toTrpcError(this.#fault());
  }
}

function interrupted(): JobgateError {
  const message = 'The stream was interrupted: follow again from the last event';
  return new JobgateError('unavailable', message, { retryAfterSeconds: 1 });
}
