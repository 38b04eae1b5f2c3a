// Rate limits as operators write them.
import { expect, it } from 'vitest';
import { readRateLimit } from '../../src/contract/rate-limit.ts';

it.each([
  ['100/s', 100, 1],
  ['1/m', 1, 60],
  ['1000000000/h', 1e9, 3600],
  ['0', 0, 1],
])('reads %s', (text, quota, windowSeconds) => {
  expect(readRateLimit(text)).toEqual({ quota, windowSeconds });
});

it.each(['', '100', '0/s', '-1/s', '1.5/s', '100/d', '100 / s', '1000000001/s', '100/S', '01/s'])(
  'refuses "%s"',
  (text) => {
    expect(readRateLimit(text)).toBeUndefined();
  },
);
