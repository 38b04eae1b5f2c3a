// Asking again: how long to wait after a call that was not answered, and the loop that does it.
import { GatewayError } from './gateway-error.ts';
import { pause } from './signals.ts';

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;
/** A gateway that asks for more is asked sooner. */
export const LONGEST_RETRY_AFTER_MS = 60_000;

/** Share of a delay that is random, so that callers do not all return at once after a restart. */
const JITTER = 0.5;

export interface Retry {
  error: GatewayError;
  /** Milliseconds until it is tried again. */
  inMs: number;
}

export interface RetryOptions {
  signal: AbortSignal;
  /** Whether to go on after so many `failures` in a row. Default: while the error may pass. */
  mayRetry?: (error: GatewayError, failures: number) => boolean;
  /** Told before each wait. */
  onRetry?: (retry: Retry) => void;
}

/**
 * Milliseconds until the next try after `failures` in a row (1 and up): 0.2 s doubling to 10 s,
 * less up to a half; never sooner than the gateway asked for, up to a minute.
 */
export function retryInMs(
  failures: number,
  { retryAfterMs = 0 }: GatewayError,
  random: () => number = Math.random,
): number {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS);
  return Math.round(
    Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS) + delay * (1 - JITTER * random()),
  );
}

/**
 * Calls until the gateway answers. Rejects with the GatewayError that `mayRetry` refuses, or with
 * the last one once `signal` is aborted.
 */
export async function retryUntilAnswered<T>(
  call: () => Promise<T>,
  { signal, mayRetry = ({ isPassing }) => isPassing, onRetry }: RetryOptions,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      const mayHelp = error instanceof GatewayError && !signal.aborted && mayRetry(error, failures);
      if (!mayHelp) throw error;
      const inMs = retryInMs(failures, error);
      onRetry?.({ error, inMs });
      await pause(inMs, signal);
      if (signal.aborted) throw error;
    }
  }
}
