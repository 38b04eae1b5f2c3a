// The maintenance loop: runs each unit when it wants to be called next.
import type { Clock } from '../contract/clock.ts';
import type { JobStore } from '../store/job-store.ts';
import { checkpoint } from './checkpoint.ts';
import { expireLeases } from './expire-leases.ts';
import { KeyUses } from './key-uses.ts';
import { keepReserve } from './keep-reserve.ts';
import { prune } from './prune.ts';
import { pruneAudit } from './prune-audit.ts';
import { tellProgress } from './tell-progress.ts';
import { wakeDelayed } from './wake-delayed.ts';
import { writeKeyUses } from './write-key-uses.ts';

/**
 * Does its work and resolves to the milliseconds until it wants to be called again. What takes
 * longer than a moment ends early when the signal, of the gateway that stops, is aborted.
 */
export type Poll = (signal: AbortSignal) => Promise<number>;

export type OnError = (error: unknown, what: string) => void;

export interface MaintenanceOptions {
  store: JobStore;
  clock: Clock;
  /** Told of what could not be done, once a minute while it fails the same way; it is tried again. */
  onError: OnError;
  /** Where the uses of keys are noted that are to be written. Default: none are. */
  keyUses?: KeyUses;
  /** Units beside those that every gateway has, by name. Default: none. */
  more?: Readonly<Record<string, Poll>>;
}

/** After a start. Who waited for the gateway is answered first: moving a log takes 20 ms. */
const FIRST_MS = 100;

const RETRY_MS = 1000;

/** What fails the same way is told again after so long: the log may be on the disk that is full. */
const TELL_AGAIN_MS = 60_000;

export class Maintenance {
  readonly #units: Record<string, Poll>;
  readonly #clock: Clock;
  readonly #onError: OnError;
  /** What was told last of the units that fail, and when. */
  readonly #told = new Map<string, { message: string; at: number }>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(options: MaintenanceOptions) {
    const { store, clock, onError, keyUses = new KeyUses(), more = {} } = options;
    this.#clock = clock;
    this.#onError = onError;
    this.#units = {
      'expire leases': () => expireLeases(store, clock),
      'wake delayed jobs': () => wakeDelayed(store, clock),
      'tell late progress': () => tellProgress(store),
      'remove old jobs': () => prune(store),
      'remove old audit entries': () => pruneAudit(store),
      'write when keys were used': () => writeKeyUses(store, keyUses),
      'checkpoint the store': () => checkpoint(store),
      'keep room on the disk': () => keepReserve(store),
      ...more,
    };
  }

  start(): void {
    for (const [name, poll] of Object.entries(this.#units)) this.#schedule(name, poll, FIRST_MS);
  }

  /** Resolves when no unit runs any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.all(this.#running);
  }

  #schedule(name: string, poll: Poll, afterMs: number): void {
    if (this.#stopping.signal.aborted) return;
    const timer = setTimeout(() => {
      const run = this.#run(name, poll).finally(() => this.#running.delete(run));
      this.#running.add(run);
    }, afterMs);
    this.#timers.set(name, timer);
  }

  async #run(name: string, poll: Poll): Promise<void> {
    try {
      const next = await poll(this.#stopping.signal);
      this.#told.delete(name);
      this.#schedule(name, poll, next);
    } catch (error) {
      this.#tell(error, name);
      this.#schedule(name, poll, RETRY_MS);
    }
  }

  #tell(error: unknown, name: string): void {
    const message = textOf(error);
    const at = this.#clock.monotonic();
    const last = this.#told.get(name);
    if (last?.message === message && at - last.at < TELL_AGAIN_MS) return;
    this.#told.set(name, { message, at });
    this.#onError(error, name);
  }
}

/** The store says the same of all that its disk refuses; what that was is the cause. */
function textOf(error: unknown): string {
  const { cause } = (error ?? {}) as { cause?: unknown };
  return `${String(error)} ${String(cause)}`;
}
