// The verdict: which answers count, which end it, which are tried again.
import { describe, expect, it } from 'vitest';
import { attemptOf, fateOf } from '../../src/webhooks/verdict.ts';

const NOW = 1_795_521_600_000;

const response = (status: number | null, error: string | null = null) => ({
  status,
  error,
  excerpt: 'text',
  retryAfterMs: null,
  durationMs: 7,
  refused: false,
});

describe('the fate', () => {
  it.each([200, 201, 202, 204, 299])('%i delivers, also at last', (status) => {
    expect(fateOf(response(status), 0, NOW)).toEqual({ state: 'delivered' });
    expect(fateOf(response(status), 9, NOW)).toEqual({ state: 'delivered' });
  });

  it('410 ends it', () => {
    expect(fateOf(response(410), 0, NOW)).toEqual({ state: 'failed', reason: 'gone' });
  });

  it.each([null, 199, 300, 301, 304, 307, 308, 400, 404, 408, 429, 500, 503, 599])(
    '%s is tried again, until no attempt is left',
    (status) => {
      const fate = fateOf(response(status), 0, NOW);
      const nextAttemptAt = expect.closeTo(NOW + 5000, -4) as number;
      expect(fate).toEqual({ state: 'pending', nextAttemptAt });
      expect(fateOf(response(status), 8, NOW)).toMatchObject({ state: 'pending' });
      expect(fateOf(response(status), 9, NOW)).toEqual({ state: 'failed', reason: 'exhausted' });
    },
  );

  it('waits as long as it is told to', () => {
    const busy = { status: 429, retryAfterMs: 3_600_000 };
    const fate = fateOf(busy, 0, NOW) as { nextAttemptAt: number };
    expect(fate.nextAttemptAt).toBeGreaterThanOrEqual(NOW + 3_600_000);
  });
});

describe('the attempt', () => {
  it('has what the sender found', () => {
    expect(attemptOf(response(null, 'It hung up'), NOW)).toEqual({
      at: NOW,
      status: null,
      error: 'It hung up',
      durationMs: 7,
      excerpt: 'text',
    });
    expect(attemptOf(response(500), NOW)).toMatchObject({ status: 500, error: null });
  });

  it.each([301, 302, 307, 308])('says of %i that it is not followed', (status) => {
    expect(attemptOf(response(status), NOW).error).toMatch(/^Redirects are not followed/);
  });
});
