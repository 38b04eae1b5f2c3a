// Token buckets: who may go on and who is too fast, in bounded memory however many there are.
import type { Clock } from '../contract/clock.ts';
import type { RateLimit } from '../contract/rate-limit.ts';

/** What a bucket holds after it was asked. */
export interface Standing {
  isAllowed: boolean;
  /** Whole tokens left. */
  remaining: number;
  /** Whole seconds until the bucket is full again. */
  resetSeconds: number;
  /** Whole seconds until it can give what was asked; 0 when it did. */
  retryAfterSeconds: number;
}

/** Buckets remembered in one generation, of which there are two: some 20 MB at the most. */
const MAX_BUCKETS = 100_000;

/** A millionth of a token, so that sums of fractions do not cost a whole one. */
const ROUNDING = 1e-6;

/**
 * A bucket holds `quota` tokens and is filled evenly, whole in one window. All that is kept of one is
 * when it will be full, and a bucket that is full is forgotten: it is as good as a new one. So two
 * generations suffice: what nobody touched for a window is full. When more than MAX_BUCKETS are in
 * use within a window the oldest are forgotten too, which errs in favour of their owners.
 */
export class TokenBuckets {
  readonly #clock: Clock;
  readonly #quota: number;
  readonly #windowMs: number;
  readonly #msPerToken: number;
  #recent = new Map<string, number>();
  #older = new Map<string, number>();
  #turnAt = 0;

  constructor(clock: Clock, { quota, windowSeconds }: RateLimit) {
    this.#clock = clock;
    this.#quota = quota;
    this.#windowMs = windowSeconds * 1000;
    this.#msPerToken = this.#windowMs / quota;
  }

  /** Takes tokens out of a bucket, all or none; never asks more of it than it can hold. */
  take(name: string, tokens = 1): Standing {
    const now = this.#clock.monotonic();
    const wanted = Math.min(tokens, this.#quota) * this.#msPerToken;
    const lack = this.#lackOf(name, now);
    const over = lack + wanted - this.#windowMs;
    const isAllowed = over <= ROUNDING * this.#msPerToken;
    if (isAllowed) this.#keep(name, now, now + lack + wanted);
    return this.#standing(isAllowed, isAllowed ? lack + wanted : lack, over);
  }

  /** Whether it could give no token now. */
  isEmpty(name: string): boolean {
    const lack = this.#lackOf(name, this.#clock.monotonic());
    return lack + this.#msPerToken - this.#windowMs > ROUNDING * this.#msPerToken;
  }

  /** Buckets that are kept, at the most. */
  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** How long until the bucket is full, milliseconds. */
  #lackOf(name: string, now: number): number {
    const fullAt = this.#recent.get(name) ?? this.#older.get(name) ?? 0;
    return Math.max(fullAt - now, 0);
  }

  #keep(name: string, now: number, fullAt: number): void {
    if (now >= this.#turnAt || this.#recent.size >= MAX_BUCKETS) {
      // Not touched for a whole window: full, unless the turn came early.
      const isLong = now >= this.#turnAt + this.#windowMs;
      this.#older = isLong ? new Map() : this.#recent;
      this.#recent = new Map();
      this.#turnAt = now + this.#windowMs;
    }
    this.#recent.set(name, fullAt);
  }

  #standing(isAllowed: boolean, lack: number, over: number): Standing {
    const remaining = Math.floor((this.#windowMs - lack) / this.#msPerToken + ROUNDING);
    const resetSeconds = Math.ceil(lack / 1000);
    const retryAfterSeconds = isAllowed ? 0 : Math.max(Math.ceil(over / 1000), 1);
    return { isAllowed, remaining, resetSeconds, retryAfterSeconds };
  }
}
