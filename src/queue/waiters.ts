// The waiters: callers parked until something happens, their time is up, or they go away.
import type { Clock } from '../contract/clock.ts';
import { JobgateError } from '../contract/errors.ts';

/** Why a parked caller goes on: what it waited for, no more time, the caller left, or the gateway stops. */
export type Wakeup = 'woken' | 'timeout' | 'gone' | 'stopping';

export interface Parked {
  readonly wakeup: Promise<Wakeup>;
  /** Stops waiting without an answer. */
  leave(): void;
}

interface Waiter {
  keys: readonly string[];
  tick: number;
  resolve(wakeup: Wakeup): void;
  signal: AbortSignal | undefined;
  onAbort(): void;
}

/** Waiters time out in steps of this; one interval serves them all, none has a timer of its own. */
const TICK_MS = 100;

const RETRY_AFTER_SECONDS = 2;

export class Waiters {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #byKey = new Map<string, Set<Waiter>>();
  readonly #byTick = new Map<number, Set<Waiter>>();
  #size = 0;
  #stopped = false;
  #interval: NodeJS.Timeout | undefined;

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** Parks under all of `keys` for at most `ms`. Throws `too_many_requests` when `max` are parked. */
  park(keys: readonly string[], ms: number, signal: AbortSignal | undefined): Parked {
    if (this.#size >= this.#max) throw tooManyWaiters(this.#max);
    const { promise, resolve } = Promise.withResolvers<Wakeup>();
    const tick = Math.ceil((this.#clock.monotonic() + ms) / TICK_MS);
    const waiter: Waiter = {
      keys,
      tick,
      resolve,
      signal,
      onAbort: () => this.#end(waiter, 'gone'),
    };
    this.#add(waiter);
    signal?.addEventListener('abort', waiter.onAbort);
    if (signal?.aborted) this.#end(waiter, 'gone');
    if (this.#stopped) this.#end(waiter, 'stopping');
    return { wakeup: promise, leave: () => this.#end(waiter, 'gone') };
  }

  /** Wakes those parked under `key`, the longest waiting first, at most `count`. */
  wake(key: string, count = Infinity): void {
    let left = count;
    for (const waiter of this.#byKey.get(key) ?? []) {
      if (left === 0) return;
      left -= 1;
      this.#end(waiter, 'woken');
    }
  }

  /** Answers everybody, now and from now on: the gateway stops. */
  stop(): void {
    this.#stopped = true;
    for (const waiters of this.#byTick.values()) {
      for (const waiter of waiters) this.#end(waiter, 'stopping');
    }
  }

  #add(waiter: Waiter): void {
    for (const key of waiter.keys) addTo(this.#byKey, key, waiter);
    addTo(this.#byTick, waiter.tick, waiter);
    this.#size += 1;
    this.#interval ??= setInterval(() => this.#expire(), TICK_MS);
  }

  #end(waiter: Waiter, wakeup: Wakeup): void {
    if (!removeFrom(this.#byTick, waiter.tick, waiter)) return;
    for (const key of waiter.keys) removeFrom(this.#byKey, key, waiter);
    waiter.signal?.removeEventListener('abort', waiter.onAbort);
    this.#size -= 1;
    if (this.#size === 0) {
      clearInterval(this.#interval);
      this.#interval = undefined;
    }
    waiter.resolve(wakeup);
  }

  #expire(): void {
    const now = this.#clock.monotonic() / TICK_MS;
    for (const [tick, waiters] of this.#byTick) {
      if (tick > now) continue;
      for (const waiter of waiters) this.#end(waiter, 'timeout');
    }
  }
}

function addTo<K>(index: Map<K, Set<Waiter>>, key: K, waiter: Waiter): void {
  const waiters = index.get(key);
  if (waiters) waiters.add(waiter);
  else index.set(key, new Set([waiter]));
}

function removeFrom<K>(index: Map<K, Set<Waiter>>, key: K, waiter: Waiter): boolean {
  const waiters = index.get(key);
  if (!waiters?.delete(waiter)) return false;
  if (waiters.size === 0) index.delete(key);
  return true;
}

function tooManyWaiters(max: number): JobgateError {
  const message = `MAX_WAITERS (${max}) reached: ask again without wait_seconds`;
  return new JobgateError('too_many_requests', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
