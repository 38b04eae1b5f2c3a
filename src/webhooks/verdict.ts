// The verdict on one attempt: whether the answer counts, and when to try again if it does not.
import type { WebhookAttempt } from '../contract/webhook.ts';
import type { WebhookFate } from '../store/job-store.ts';
import { nextDelayMs } from './schedule.ts';
import type { WebhookResponse } from './send-webhook.ts';

const GONE = 410;

const REDIRECTED =
  'Redirects are not followed: submit jobs with the address that this one leads to';

/** What became of the request, as it is kept. `at` is when it was sent, epoch milliseconds. */
export function attemptOf(response: WebhookResponse, at: number): WebhookAttempt {
  const { status, excerpt, durationMs } = response;
  const error = isWithin(status, 300) ? REDIRECTED : response.error;
  return { at, status, error, durationMs, excerpt };
}

/**
 * 2xx delivers and 410 ends it. Anything else is tried again until the schedule is used up, a
 * refused address too: WEBHOOK_ALLOW, or what its name stands for, may be changed meanwhile.
 * `step` is the number of attempts before this one.
 */
export function fateOf(
  { status, retryAfterMs }: Pick<WebhookResponse, 'status' | 'retryAfterMs'>,
  step: number,
  now: number,
): WebhookFate {
  if (isWithin(status, 200)) return { state: 'delivered' };
  if (status === GONE) return { state: 'failed', reason: 'gone' };
  const delayMs = nextDelayMs(step + 1, retryAfterMs);
  if (delayMs === undefined) return { state: 'failed', reason: 'exhausted' };
  return { state: 'pending', nextAttemptAt: now + delayMs };
}

function isWithin(status: number | null, hundred: number): boolean {
  return status !== null && status >= hundred && status < hundred + 100;
}
