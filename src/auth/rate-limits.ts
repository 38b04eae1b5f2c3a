// Rate limits: how fast a key may ask, and how fast an address may try keys that are wrong.
import type { Clock } from '../contract/clock.ts';
import { JobgateError } from '../contract/errors.ts';
import { addressBlock } from '../contract/ip-network.ts';
import { readRateLimit } from '../contract/rate-limit.ts';
import { TokenBuckets, type Standing } from './token-buckets.ts';

/** `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10. */
export interface RateLimitFields {
  policy: string;
  standing: string;
}

/** One limit: its buckets, and its name and quota as they are told to callers. */
export class RateLimiter {
  readonly #buckets: TokenBuckets;
  readonly #name: string;
  readonly #policy: string;
  readonly #tooFast: string;

  /** `limit` as `readRateLimit` takes it; undefined when it is `0`. `tooFast` begins the message of a 429. */
  static of(
    clock: Clock,
    { limit, name, tooFast }: { limit: string; name: string; tooFast: string },
  ): RateLimiter | undefined {
    const read = readRateLimit(limit);
    if (!read) throw new TypeError(`"${limit}" is no rate limit`);
    if (read.quota === 0) return undefined;
    const policy = `"${name}";q=${read.quota};w=${read.windowSeconds}`;
    return new RateLimiter(new TokenBuckets(clock, read), name, policy, `${tooFast} (${limit})`);
  }

  private constructor(buckets: TokenBuckets, name: string, policy: string, tooFast: string) {
    this.#buckets = buckets;
    this.#name = name;
    this.#policy = policy;
    this.#tooFast = tooFast;
  }

  /** Counts requests of one. Throws `too_many_requests` when that is too fast; they then do not count. */
  count(who: string, requests = 1): RateLimitFields {
    const standing = this.#buckets.take(who, requests);
    const fields = this.#fieldsOf(standing);
    if (standing.isAllowed) return fields;
    const { retryAfterSeconds } = standing;
    const message = `${this.#tooFast}: try again in ${retryAfterSeconds} s`;
    throw new JobgateError('too_many_requests', message, { retryAfterSeconds, rateLimit: fields });
  }

  /** Whether one more request of it would be too fast. */
  isSpent(who: string): boolean {
    return this.#buckets.isEmpty(who);
  }

  #fieldsOf({ remaining, resetSeconds }: Standing): RateLimitFields {
    const standing = `"${this.#name}";r=${remaining};t=${resetSeconds}`;
    return { policy: this.#policy, standing };
  }
}

/** Undefined for `0`. Its buckets are named by key id. */
export function limitOfKeys(clock: Clock, limit: string): RateLimiter | undefined {
  return RateLimiter.of(clock, { limit, name: 'key', tooFast: 'This key asks too fast' });
}

/** Wrong keys by address; an IPv6 host can choose among 2^64, which count as one (RFC 6177). */
export class WrongKeys {
  readonly #limiter: RateLimiter | undefined;

  constructor(clock: Clock, limit: string) {
    const tooFast = 'Too many wrong API keys from this address';
    this.#limiter = RateLimiter.of(clock, { limit, name: 'wrong-keys', tooFast });
  }

  /** Throws `too_many_requests` when there were too many from this address. */
  count(address: string): void {
    this.#limiter?.count(addressBlock(address));
  }

  areTooMany(address: string): boolean {
    return this.#limiter?.isSpent(addressBlock(address)) ?? false;
  }
}
