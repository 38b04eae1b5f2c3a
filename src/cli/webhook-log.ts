// What the gateway logs of webhooks: attempts that did not deliver, without bodies and whole URLs.
import type { MadeAttempt } from '../webhooks/attempts.ts';

/** A URL may hold a secret in its path: the log has its host. */
export function logFailedAttempt(log: Log, { webhook, attempt, fate }: MadeAttempt): void {
  if (fate.state === 'delivered') return;
  const { deliveryId: delivery_id, jobId: job_id, url, step } = webhook;
  const { status, error } = attempt;
  const next =
    fate.state === 'pending' ? { next_attempt_at: fate.nextAttemptAt } : { reason: fate.reason };
  const host = URL.parse(url)?.host;
  const about = { delivery_id, job_id, host, attempt: step + 1, status, error, ...next };
  log.warn(about, fate.state === 'pending' ? 'webhook not delivered yet' : 'webhook failed');
}

interface Log {
  warn(about: object, message: string): void;
}
