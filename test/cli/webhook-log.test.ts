// The log of webhooks: what helps to find the fault, and nothing that a URL or an answer may hide.
import { expect, it } from 'vitest';
import { logFailedAttempt } from '../../src/cli/webhook-log.ts';

const webhook = {
  deliveryId: 'the-delivery',
  tenant: 'default',
  jobId: 'the-job',
  url: 'https://hooks.example.com/services/T0KEN?key=S3CRET',
  step: 2,
  nextAttemptAt: 0,
};
const attempt = { at: 1, status: 500, error: null, durationMs: 3, excerpt: 'S3CRET of the answer' };

function lineOf(fate: Parameters<typeof logFailedAttempt>[1]['fate']): [object, string] {
  const lines: [object, string][] = [];
  const log = { warn: (about: object, message: string) => void lines.push([about, message]) };
  logFailedAttempt(log, { webhook, attempt, fate });
  expect(lines).toHaveLength(1);
  return lines[0]!;
}

const ABOUT = {
  delivery_id: 'the-delivery',
  job_id: 'the-job',
  host: 'hooks.example.com',
  attempt: 3,
  status: 500,
  error: null,
};

it('says what is tried again and when', () => {
  const line = lineOf({ state: 'pending', nextAttemptAt: 4711 });
  expect(line).toEqual([{ ...ABOUT, next_attempt_at: 4711 }, 'webhook not delivered yet']);
});

it('says what is not tried again and why', () => {
  const line = lineOf({ state: 'failed', reason: 'gone' });
  expect(line).toEqual([{ ...ABOUT, reason: 'gone' }, 'webhook failed']);
  expect(JSON.stringify(line)).not.toMatch(/T0KEN|S3CRET/);
});
