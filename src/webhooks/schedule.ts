// The schedule of attempts: how long after a failed one the next is made, and when there is none.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Before the first attempt, the second, and so on: two days in all. */
const DELAYS_MS = [
  0,
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
] as const;

export const MAX_ATTEMPTS = DELAYS_MS.length;

/** Share of a delay that is random, so that what failed together does not return together. */
const JITTER = 0.2;

const LONGEST_RETRY_AFTER_MS = 24 * HOUR;
const LONGEST_DELAY_MS = LONGEST_RETRY_AFTER_MS * (1 + JITTER);

/**
 * Milliseconds until the next attempt after `failures` failed ones (1 and up), give or take a tenth;
 * never before a `Retry-After` of up to a day. Undefined when no attempt is left.
 */
export function nextDelayMs(
  failures: number,
  retryAfterMs: number | null,
  random: () => number = Math.random,
): number | undefined {
  const delay = DELAYS_MS[failures];
  if (delay === undefined) return undefined;
  const asked = Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
  const share = random();
  const jittered = delay * (1 - JITTER / 2 + JITTER * share);
  return Math.round(Math.max(jittered, asked * (1 + JITTER * share)));
}

/**
 * Whether the time has come, both epoch milliseconds. What is further away than any delay is due as
 * well: the machine's time was set back.
 */
export function isDue(at: number, now: number): boolean {
  return at <= now || (at > now + LONGEST_DELAY_MS && at !== Infinity);
}
