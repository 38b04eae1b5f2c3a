// Numbers and times that flags hold.
import { describe, expect, it } from 'vitest';
import { readNumber, readTime } from '../../src/cli/numbers.ts';

describe('a number', () => {
  it.each(['0', '-5', '1.5', '12'])('%s is understood', (text) => {
    expect(readNumber('--n', text)).toBe(Number(text));
  });

  it.each(['', 'high', '1e3', '0x10', '5 ', 'NaN'])('%j is not', (text) => {
    expect(() => readNumber('--n', text)).toThrow(/^--n must be a number, and /);
  });
});

describe('a time', () => {
  const NOW = Date.UTC(2026, 10, 24, 12);

  it.each([
    ['90s', NOW - 90_000],
    ['15m', NOW - 900_000],
    ['6h', NOW - 6 * 3_600_000],
    ['3d', NOW - 3 * 86_400_000],
    ['2w', NOW - 14 * 86_400_000],
    ['999999999w', 0],
    ['2026-11-24T11:00:00Z', NOW - 3_600_000],
    ['2026-11-24', NOW - 12 * 3_600_000],
  ])('%s is understood', (text, time) => {
    expect(readTime('--since', text, NOW)).toBe(time);
  });

  it.each(['yesterday', '', '5', '2026-13-01', '1.5h', '-3d', '1969-01-01'])(
    '%j is not',
    (text) => {
      expect(() => readTime('--since', text, NOW)).toThrow(/^--since must be a time such as /);
    },
  );
});
