// The kill, some rounds of it: `npm run test:crash -- --rounds 1000` has as many as wanted.
import { expect, it } from 'vitest';
import { runKillTrial } from './kill/trial.ts';

const ROUNDS = 20;

it('nothing acknowledged is lost or done twice', { timeout: 120_000 }, async () => {
  const seed = Date.now() % 1_000_000;
  const report = await runKillTrial({ rounds: ROUNDS, seed });
  expect(report.faults, `seed ${seed}`).toEqual([]);
  expect(report.gatewayKills + report.workerKills).toBe(ROUNDS);
  expect(report.jobs).toBeGreaterThan(ROUNDS);
  expect(report.completions).toBeGreaterThan(0);
  // How long they took is for `npm run test:crash`: here the machine is busy with other tests.
  expect(report.starts).toHaveLength(report.gatewayKills);
});
