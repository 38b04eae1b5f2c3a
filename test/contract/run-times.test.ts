// Run times in buckets: how far a percentile may be from the truth, and that sums can be taken back.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addRunTime,
  bucketOf,
  percentilesOf,
  sumRunTimes,
  type RunTimes,
} from '../../src/contract/run-times.ts';

const YEAR_MS = 365 * 24 * 3600 * 1000;

function histogramOf(times: readonly number[]): RunTimes {
  const runTimes: RunTimes = {};
  for (const ms of times) addRunTime(runTimes, bucketOf(ms), 1);
  return runTimes;
}

const single = (ms: number) => percentilesOf(histogramOf([ms]), { p50: 0.5 })?.p50;

describe('one run time', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('of %i ms is told as it is', (ms) => {
    expect(single(ms)).toBe(ms);
  });

  it('of any other length is told to a tenth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 9, max: YEAR_MS }), (ms) => {
        expect(Math.abs(single(ms)! - ms)).toBeLessThanOrEqual(0.1 * ms + 0.5);
      }),
    );
  });

  it('is in a bucket that rises with it', () => {
    const buckets = [0, 0.4, 1, 2, 1000, 3_600_000, 86_400_000, YEAR_MS].map(bucketOf);
    expect(buckets).toEqual([0, 0, 1, 4, 38, 83, 101, 133]);
  });
});

describe('many', () => {
  const PARTS = { p50: 0.5, p95: 0.95, p99: 0.99 };

  it('have the percentiles of their sorted list', () => {
    const times = fc.array(fc.integer({ min: 0, max: 10_000_000 }), { minLength: 1 });
    fc.assert(
      fc.property(times, (all) => {
        const sorted = all.toSorted((a, b) => a - b);
        const told = percentilesOf(histogramOf(all), PARTS)!;
        for (const [name, part] of Object.entries(PARTS)) {
          const real = sorted[Math.ceil(part * all.length) - 1]!;
          expect(Math.abs(told[name as 'p50'] - real)).toBeLessThanOrEqual(0.1 * real + 0.5);
        }
      }),
    );
  });

  it('are summed, whatever the order of the buckets', () => {
    const sum = sumRunTimes([histogramOf([5000, 1]), histogramOf([]), histogramOf([5000, 90_000])]);
    expect(sum).toEqual(histogramOf([1, 5000, 5000, 90_000]));
    const { p50, p95, p99 } = percentilesOf(sum, PARTS)!;
    expect([p50, p95, p99]).toEqual([single(5000), single(90_000), single(90_000)]);
  });

  it('that are taken away again leave nothing', () => {
    const runTimes = histogramOf([7, 7, 300]);
    for (const ms of [300, 7, 7]) addRunTime(runTimes, bucketOf(ms), -1);
    expect(runTimes).toEqual({});
  });
});

it('none have no percentiles', () => {
  expect(percentilesOf({}, { p50: 0.5 })).toBeNull();
  expect(sumRunTimes([])).toEqual({});
});
