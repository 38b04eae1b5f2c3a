// A waiting job's place: what is estimated, and what is not known.
import { expect, it } from 'vitest';
import { estimateWaitMs } from '../../src/queue/place.ts';

it.each([
  ['nothing is known', 3, { running: 1, done: 0, runMs: 0 }, null],
  ['the first waits for one', 0, { running: 1, done: 2, runMs: 20_000 }, 10_000],
  ['four run side by side', 7, { running: 4, done: 10, runMs: 50_000 }, 10_000],
  ['none runs now', 1, { running: 0, done: 1, runMs: 3000 }, 6000],
])('%s', (_name, ahead, load, expected) => {
  expect(estimateWaitMs(ahead, load)).toBe(expected);
});
