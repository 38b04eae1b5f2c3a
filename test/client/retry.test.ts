// The backoff between a caller and its gateway: its growth, its bounds, its jitter, and what ends it.
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/client/gateway-error.ts';
import { retryInMs, retryUntilAnswered } from '../../src/client/retry.ts';

const away = new GatewayError('away', {});

describe('retryInMs', () => {
  it('doubles from 0.2 s to 10 s', () => {
    const delays = [1, 2, 3, 7, 50].map((failures) => retryInMs(failures, away, () => 0));
    expect(delays).toEqual([200, 400, 800, 10_000, 10_000]);
  });

  it('takes off up to a half at random', () => {
    expect(retryInMs(1, away, () => 1)).toBe(100);
    expect(new Set(Array.from({ length: 20 }, () => retryInMs(9, away))).size).toBeGreaterThan(10);
  });

  it('is never sooner than the gateway asked, up to a minute', () => {
    const asking = (retryAfterMs: number) =>
      new GatewayError('busy', { status: 429, retryAfterMs });
    expect(retryInMs(1, asking(5000), () => 1)).toBe(5100);
    expect(retryInMs(1, asking(86_400_000), () => 0)).toBe(60_200);
  });
});

describe('retryUntilAnswered', () => {
  it('ends its wait when the signal is aborted, with the last error', async () => {
    const stop = new AbortController();
    const busy = new GatewayError('busy', { status: 503, retryAfterMs: 60_000 });
    const call = () => Promise.reject(busy);
    const retried = retryUntilAnswered(call, { signal: stop.signal, onRetry: () => stop.abort() });
    await expect(retried).rejects.toBe(busy);
  });

  it('passes on what is not of the gateway', async () => {
    const defect = new TypeError('a defect');
    const { signal } = new AbortController();
    const retried = retryUntilAnswered(() => Promise.reject(defect), { signal });
    await expect(retried).rejects.toBe(defect);
  });
});
