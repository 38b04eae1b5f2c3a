// Following one job to its end: over a stream, else by waiting, else by polling, across drops.
import { hasEnded } from '../contract/job.ts';
import type { Caller } from './caller.ts';
import { streamEvents, StreamRefused, type StreamTiming } from './event-stream.ts';
import { GatewayError } from './gateway-error.ts';
import type { Answered, GatewayHttp } from './gateway-http.ts';
import { changeBetween, type JobChange } from './job-change.ts';
import type { JobOf } from './procedures.ts';
import { LONGEST_RETRY_AFTER_MS, retryInMs } from './retry.ts';
import { pause } from './signals.ts';
import type { Slots } from './slots.ts';

export interface FollowTiming extends StreamTiming {
  /** Between two looks, at first; half as much again after each that shows nothing new. */
  pollMs: number;
  longestPollMs: number;
  /** An answer that comes sooner was not held back. */
  briefMs: number;
}

/** What the followers of one client share. */
export interface Following {
  http: GatewayHttp;
  caller: Caller;
  /** One for each connection that stays open. */
  lines: Slots;
  timing: FollowTiming;
  /** Of tries to reach the gateway at first. */
  maxAttempts: number;
  /** When a stream may be tried again, `performance.now()`. */
  streamsFrom: number;
}

/** How long one refused stream speaks for the next. */
const REFUSED_MS = 300_000;

/** A stream that breaks off sooner, without an event, was cut by something between. */
const CUT_MS = 30_000;
const MAX_CUTS = 3;

/** What a gateway holds an answer back at most. */
const LONGEST_WAIT_SECONDS = 55;

const POLL_GROWTH = 1.5;

export class JobFollower {
  readonly #jobId: string;
  readonly #shared: Following;
  readonly #signal: AbortSignal;
  #job: JobOf | undefined;
  #isOver = false;
  #lastEventId: number | undefined;
  #version = 0;
  #failures = 0;
  #isReached = false;
  #cuts = 0;
  #pollMs = 0;
  #waitSeconds = LONGEST_WAIT_SECONDS;
  #isPolledNext = false;

  constructor(jobId: string, shared: Following, signal: AbortSignal) {
    this.#jobId = jobId;
    this.#shared = shared;
    this.#signal = signal;
  }

  /**
   * Every change up to the end. Rejects with the signal's reason, with an error that asking again
   * would not change, and when the gateway was not reached at all.
   */
  async *changes(): AsyncGenerator<JobChange, void> {
    while (!this.#isOver) {
      this.#signal.throwIfAborted();
      try {
        yield* this.#mayStream() ? this.#stream() : this.#look();
      } catch (error) {
        this.#signal.throwIfAborted();
        await this.#recover(error);
      }
    }
  }

  #mayStream(): boolean {
    return this.#cuts < MAX_CUTS && performance.now() >= this.#shared.streamsFrom;
  }

  async *#stream(): AsyncGenerator<JobChange, void> {
    const { lines } = this.#shared;
    const isFree = lines.tryTake();
    try {
      yield* isFree ? this.#readStream() : this.#look();
    } finally {
      if (isFree) lines.free();
    }
  }

  async *#readStream(): AsyncGenerator<JobChange, void> {
    const { http, timing } = this.#shared;
    let openedAt = Infinity;
    const onOpen = (): void => {
      this.#isReached = true;
      openedAt = performance.now();
      // Unless an event comes, this is one.
      this.#cuts += 1;
    };
    const events = streamEvents(http, {
      jobId: this.#jobId,
      lastEventId: this.#lastEventId,
      timing,
      signal: this.#signal,
      onOpen,
    });
    try {
      for await (const event of events) {
        this.#cuts = 0;
        const isRestored = event.seq <= (this.#lastEventId ?? 0);
        this.#lastEventId = event.seq;
        if (this.#isNews(event.version, isRestored)) yield event;
      }
      this.#isOver = true;
    } finally {
      if (performance.now() - openedAt > CUT_MS) this.#cuts = 0;
    }
  }

  async *#look(): AsyncGenerator<JobChange, void> {
    const { answer: job, retryAfterMs = 0 } = await this.#wait();
    const change = changeBetween(this.#job, job);
    const { pollMs, longestPollMs } = this.#shared.timing;
    const slower = Math.min(this.#pollMs * POLL_GROWTH, longestPollMs);
    this.#pollMs = Math.max(
      change ? pollMs : slower,
      Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS),
    );
    this.#isReached = true;
    this.#job = job;
    this.#isOver = hasEnded(job.job_status);
    // One that holds nothing back must not be asked in a loop.
    if (change) this.#isPolledNext = false;
    if (this.#isNews(job.version, job.version < this.#version) && change) yield change;
  }

  /** Until the job changes, on a line; where there is none, or no waiting, until the next poll. */
  async #wait(): Promise<Answered<JobOf>> {
    const { lines, timing } = this.#shared;
    const isPolled = this.#isPolledNext || this.#waitSeconds === 0 || !lines.tryTake();
    this.#isPolledNext = false;
    if (isPolled) return this.#poll();
    const startedAt = performance.now();
    try {
      return await this.#waitOnLine();
    } catch (error) {
      // Something between may cut long answers: shorter ones get through.
      if (performance.now() - startedAt > timing.briefMs) this.#waitSeconds >>= 1;
      throw error;
    } finally {
      this.#isPolledNext = performance.now() - startedAt < timing.briefMs;
      lines.free();
    }
  }

  async #poll(): Promise<Answered<JobOf>> {
    await pause(this.#pollMs, this.#signal);
    return this.#shared.caller.look({ job_id: this.#jobId }, this.#signal);
  }

  #waitOnLine(): Promise<Answered<JobOf>> {
    const known = { job_id: this.#jobId, version: this.#version };
    const wanted = { ...known, wait_for: 'change' as const, wait_seconds: this.#waitSeconds };
    return this.#shared.caller.look(wanted, this.#signal);
  }

  /**
   * Not told before: a stream may begin again, and what it tells may have been seen. Where the
   * gateway's database is one from before, out of a backup, versions begin again as well.
   */
  #isNews(version: number, isRestored: boolean): boolean {
    const isNews = isRestored || version > this.#version;
    if (isNews) this.#version = version;
    this.#failures = 0;
    return isNews;
  }

  async #recover(error: unknown): Promise<void> {
    if (error instanceof StreamRefused) {
      this.#shared.streamsFrom = performance.now() + REFUSED_MS;
      return;
    }
    if (!(error instanceof GatewayError) || !error.isPassing) throw error;
    this.#failures += 1;
    if (!this.#isReached && this.#failures >= this.#shared.maxAttempts) throw error;
    if (error.status === 429) this.#cuts += 1;
    // Asking sooner than told to would only prolong it.
    const inMs = Math.max(retryInMs(this.#failures, error), error.retryAfterMs ?? 0);
    await pause(inMs, this.#signal);
  }
}
