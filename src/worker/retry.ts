// Asking again: how long to wait after a call that was not answered, and the loop that does it.
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from './gateway-error.ts';

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;
/** A gateway that asks for more is asked sooner. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** Share of a delay that is random, so that workers do not all return at once after a restart. */
const JITTER = 0.5;

export interface Retry {
  error: GatewayError;
  /** Milliseconds until it is tried again. */
  inMs: number;
}

/**
 * Milliseconds until the next try after `failures` in a row (1 and up): 0.2 s doubling to 10 s,
 * less up to a half; never sooner than the gateway asked for.
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
 * Calls until the gateway answers. Rejects with the GatewayError that asking again would not
 * change, or with the last one once `signal` is aborted.
 */
export async function retryUntilAnswered<T>(
  call: () => Promise<T>,
  signal: AbortSignal,
  onRetry: (retry: Retry) => void,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      const mayHelp = error instanceof GatewayError && error.isPassing && !signal.aborted;
      if (!mayHelp) throw error;
      const inMs = retryInMs(failures, error);
      onRetry({ error, inMs });
      await pause(inMs, signal);
      if (signal.aborted) throw error;
    }
  }
}

/** Ends early when `signal` is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
