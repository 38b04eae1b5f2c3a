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

/** Waiters time out in steps of this; one interval serves them all, none has a timer of its own. */
const TICK_MS = 100;

const RETRY_AFTER_SECONDS = 2;

export class Waiters {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #byKey = new WaiterIndex<string>();
  readonly #byTick = new WaiterIndex<number>();
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
    const tick = Math.ceil((this.#clock.monotonic() + ms) / TICK_MS);
    const waiter = new Waiter(this, keys, tick, signal);
    this.#add(waiter);
    signal?.addEventListener('abort', waiter);
    if (signal?.aborted) this.end(waiter, 'gone');
    if (this.#stopped) this.end(waiter, 'stopping');
    return waiter;
  }

  /** Wakes those parked under `key`, the longest waiting first, at most `count`. */
  wake(key: string, count = Infinity): void {
    let left = count;
    for (const waiter of this.#byKey.under(key)) {
      if (left === 0) return;
      left -= 1;
      this.end(waiter, 'woken');
    }
  }

  /** Answers everybody, now and from now on: the gateway stops. */
  stop(): void {
    this.#stopped = true;
    this.#endTicks(Infinity, 'stopping');
  }

  /** Answers one of them; nothing when it was answered before. */
  end(waiter: Waiter, wakeup: Wakeup): void {
    if (!this.#byTick.remove(waiter.tick, waiter)) return;
    for (const key of waiter.keys) this.#byKey.remove(key, waiter);
    waiter.signal?.removeEventListener('abort', waiter);
    this.#size -= 1;
    if (this.#size === 0) {
      clearInterval(this.#interval);
      this.#interval = undefined;
    }
    waiter.resolve(wakeup);
  }

  #add(waiter: Waiter): void {
    for (const key of waiter.keys) this.#byKey.add(key, waiter);
    this.#byTick.add(waiter.tick, waiter);
    this.#size += 1;
    this.#interval ??= setInterval(
      () => this.#endTicks(this.#clock.monotonic() / TICK_MS, 'timeout'),
      TICK_MS,
    );
  }

  #endTicks(upTo: number, wakeup: Wakeup): void {
    for (const tick of this.#byTick.keys()) {
      if (tick > upTo) continue;
      for (const waiter of this.#byTick.under(tick)) this.end(waiter, wakeup);
    }
  }
}

/** One parked caller: a class that listens by itself, so that it costs no closures. */
class Waiter implements Parked {
  readonly wakeup: Promise<Wakeup>;
  readonly resolve: (wakeup: Wakeup) => void;
  readonly keys: readonly string[];
  readonly tick: number;
  readonly signal: AbortSignal | undefined;
  readonly #waiters: Waiters;

  constructor(
    waiters: Waiters,
    keys: readonly string[],
    tick: number,
    signal: AbortSignal | undefined,
  ) {
    const { promise, resolve } = Promise.withResolvers<Wakeup>();
    this.wakeup = promise;
    this.resolve = resolve;
    this.keys = keys;
    this.tick = tick;
    this.signal = signal;
    this.#waiters = waiters;
  }

  leave(): void {
    this.#waiters.end(this, 'gone');
  }

  /** Its signal was aborted. */
  handleEvent(): void {
    this.leave();
  }
}

/** Waiters by something, in the order they came. One alone under it needs no set, which costs 200 bytes. */
class WaiterIndex<K> {
  readonly #groups = new Map<K, Waiter | Set<Waiter>>();

  keys(): Iterable<K> {
    return this.#groups.keys();
  }

  /** May be removed while they are gone through. */
  under(key: K): Iterable<Waiter> {
    const group = this.#groups.get(key);
    if (group === undefined) return [];
    return group instanceof Waiter ? [group] : group;
  }

  add(key: K, waiter: Waiter): void {
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, waiter);
    else if (group instanceof Waiter) this.#groups.set(key, new Set([group, waiter]));
    else group.add(waiter);
  }

  /** False when it is not there. */
  remove(key: K, waiter: Waiter): boolean {
    const group = this.#groups.get(key);
    if (group === waiter) return this.#groups.delete(key);
    if (!(group instanceof Set) || !group.delete(waiter)) return false;
    if (group.size === 0) this.#groups.delete(key);
    return true;
  }
}

function tooManyWaiters(max: number): JobgateError {
  const message = `MAX_WAITERS (${max}) reached: ask again without wait_seconds`;
  return new JobgateError('too_many_requests', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
