// Backoff: how long a failed job waits for its next attempt.

const FIRST_DELAY_MS = 5_000;
const LONGEST_DELAY_MS = 10 * 60_000;

/** Share of the delay that is random, so that jobs which failed together do not return together. */
const JITTER = 0.2;

/**
 * Milliseconds until the next attempt after `failures` failed ones (1 and up): 5 s, doubling to
 * 10 min, give or take a tenth.
 */
export function retryDelayMs(failures: number, random: () => number = Math.random): number {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS);
  return Math.round(delay * (1 - JITTER / 2 + JITTER * random()));
}
