// Streams over crashes, a few of them: `npm run test:streams` has fifty.
import { expect, it } from 'vitest';
import { runStreamTrial } from './stream/trial.ts';

const ROUNDS = 3;

it('who follows misses no event and has none twice', { timeout: 120_000 }, async () => {
  const seed = Date.now() % 1_000_000;
  const report = await runStreamTrial({ rounds: ROUNDS, seed });
  expect(report.faults, `seed ${seed}`).toEqual([]);
  expect(report.resumes).toBeGreaterThan(0);
  expect(report.told).toBeGreaterThan(report.events);
});
