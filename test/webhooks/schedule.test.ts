// The schedule: ten attempts over two days, jittered, never before a Retry-After.
import { describe, expect, it } from 'vitest';
import { isDue, MAX_ATTEMPTS, nextDelayMs } from '../../src/webhooks/schedule.ts';

const SECONDS = [5, 30, 120, 600, 1800, 7200, 21_600, 43_200, 86_400];
const DAY_MS = 86_400_000;

describe('the delay', () => {
  it.each(SECONDS.map((seconds, i) => [i + 1, seconds] as const))(
    'after %i failures is %i s, give or take a tenth',
    (failures, seconds) => {
      const at = (share: number) => nextDelayMs(failures, null, () => share);
      expect([at(0), at(0.5), at(1)]).toEqual([900, 1000, 1100].map((ms) => seconds * ms));
    },
  );

  it('differs from one delivery to the next', () => {
    const delays = new Set(Array.from({ length: 50 }, () => nextDelayMs(9, null)));
    expect(delays.size).toBeGreaterThan(40);
  });

  it('ends after ten attempts, whatever the receiver asks for', () => {
    expect(MAX_ATTEMPTS).toBe(10);
    expect(nextDelayMs(9, null)).toBeDefined();
    expect(nextDelayMs(10, null)).toBeUndefined();
    expect(nextDelayMs(10, 1000)).toBeUndefined();
  });
});

describe('Retry-After', () => {
  it('is waited for, and a little longer', () => {
    expect(nextDelayMs(1, 60_000, () => 0)).toBe(60_000);
    expect(nextDelayMs(1, 60_000, () => 1)).toBe(72_000);
  });

  it('brings nothing forward', () => {
    expect(nextDelayMs(3, 1000, () => 0.5)).toBe(120_000);
    expect(nextDelayMs(3, 0, () => 0.5)).toBe(120_000);
  });

  it('counts up to a day', () => {
    expect(nextDelayMs(1, 1e12, () => 0)).toBe(DAY_MS);
  });
});

describe('due', () => {
  const NOW = 1_795_521_600_000;

  it.each([
    ['past', NOW - 1, true],
    ['now', NOW, true],
    ['to come', NOW + 1, false],
    ['a day ahead', NOW + DAY_MS, false],
    ['further than any delay: the clock was set back', NOW + 2 * DAY_MS, true],
    ['never', Infinity, false],
  ])('%s', (_, at, expected) => {
    expect(isDue(at, NOW)).toBe(expected);
  });
});
