// Token buckets: how fast they let through, what they tell, and what they remember.
import { array, assert, integer, nat, property, record } from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { TokenBuckets } from '../../src/auth/token-buckets.ts';

let time = 5_000;
const clock = { now: () => 0, monotonic: () => time };

beforeEach(() => {
  time = 5_000;
});

const newBuckets = (quota: number, windowSeconds = 1) =>
  new TokenBuckets(clock, { quota, windowSeconds });

function takeMany(buckets: TokenBuckets, times: number): number {
  return Array.from({ length: times }, () => buckets.take('a')).filter((each) => each.isAllowed)
    .length;
}

describe('a bucket', () => {
  it('gives its quota at once, then evenly over its window', () => {
    const buckets = newBuckets(10, 20);
    expect(takeMany(buckets, 12)).toBe(10);
    time += 1_999;
    expect(takeMany(buckets, 2)).toBe(0);
    time += 1;
    expect(takeMany(buckets, 2)).toBe(1);
    time += 20_000;
    expect(takeMany(buckets, 12)).toBe(10);
  });

  it('tells what is left, when it is full, and when to come again', () => {
    const buckets = newBuckets(3, 60);
    const take = () => Object.values(buckets.take('a'));
    expect(take()).toEqual([true, 2, 20, 0]);
    expect(take()).toEqual([true, 1, 40, 0]);
    expect(buckets.isEmpty('a')).toBe(false);
    expect(take()).toEqual([true, 0, 60, 0]);
    expect(buckets.isEmpty('a')).toBe(true);
    expect(take()).toEqual([false, 0, 60, 20]);
    time += 19_500;
    expect(take()).toEqual([false, 0, 41, 1]);
  });

  it('gives all that was asked or nothing, and at most asks for all it has', () => {
    const buckets = newBuckets(5);
    expect(buckets.take('a', 3).isAllowed).toBe(true);
    expect(buckets.take('a', 3).isAllowed).toBe(false);
    expect(buckets.take('a', 2).remaining).toBe(0);
    expect(buckets.take('b', 1000)).toMatchObject({ isAllowed: true, remaining: 0 });
  });

  it('is its own for each name', () => {
    const buckets = newBuckets(1);
    expect(buckets.take('a').isAllowed).toBe(true);
    expect(buckets.take('b').isAllowed).toBe(true);
    expect(buckets.take('a').isAllowed).toBe(false);
  });

  it('never gives more than its quota and what flowed in since, and always when it said', () => {
    const step = record({ waitMs: nat(3000), tokens: integer({ min: 1, max: 4 }) });
    assert(
      property(
        integer({ min: 1, max: 7 }),
        integer({ min: 1, max: 9 }),
        array(step),
        (...drawn) => {
          const [quota, windowSeconds, steps] = drawn;
          const buckets = newBuckets(quota, windowSeconds);
          const begun = time;
          let given = 0;
          for (const { waitMs, tokens } of steps) {
            time += waitMs;
            const first = buckets.take('a', tokens);
            time += first.retryAfterSeconds * 1000;
            const { isAllowed } = first.isAllowed ? first : buckets.take('a', tokens);
            expect(isAllowed).toBe(true);
            given += Math.min(tokens, quota);
            const flowed = (quota * (time - begun)) / (windowSeconds * 1000);
            expect(given).toBeLessThanOrEqual(quota + flowed + 0.001);
          }
        },
      ),
    );
  });
});

describe('memory', () => {
  it('stays bounded for a million names at the same moment', () => {
    const buckets = newBuckets(10, 3600);
    for (let i = 0; i < 1_000_000; i += 1) buckets.take(`name-${i}`);
    expect(buckets.size).toBeLessThanOrEqual(200_000);
    for (let i = 0; i < 9; i += 1) buckets.take('name-999999');
    expect(buckets.isEmpty('name-999999')).toBe(true);
  });

  it('is given back by buckets that are full again, and kept by those that are not', () => {
    const buckets = newBuckets(10);
    for (let i = 0; i < 1000; i += 1) buckets.take(`name-${i}`);
    expect(buckets.size).toBe(1000);
    time += 2_500;
    for (let i = 0; i < 10; i += 1) buckets.take('late');
    expect(buckets.size).toBe(1);
    time += 50;
    expect(buckets.isEmpty('late')).toBe(true);
  });
});
