// The kill, some rounds of it: `npm run test:crash -- --rounds 1000` has as many as wanted.
import { expect, it } from 'vitest';
import { runKillTrial } from './kill/trial.ts';
import { spread } from './report.ts';

const ROUNDS = 20;

it('nothing acknowledged is lost or done twice', { timeout: 120_000 }, async () => {
  const seed = Date.now() % 1_000_000;
  const report = await runKillTrial({ rounds: ROUNDS, seed });
  expect(report.faults, `seed ${seed}`).toEqual([]);
  expect(report.gatewayKills + report.workerKills).toBe(ROUNDS);
  expect(report.jobs).toBeGreaterThan(ROUNDS);
  expect(report.completions).toBeGreaterThan(0);
  // The machine is busy with other tests: `npm run test:crash` holds each start to 1 s by the clock.
  expect(spread(report.startCpuMs).p50).toBeLessThan(1000);
});
