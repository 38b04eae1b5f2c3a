// The zombie, a few of them: `node test/crash/zombie.ts` wakes fifty.
import { expect, it } from 'vitest';
import { LEASE_SECONDS, runZombieTrial } from './zombie/trial.ts';

const ROUNDS = 4;

it('a woken worker is refused, its job is done once', async () => {
  const { faults, refused, takeoverMs } = await runZombieTrial({ rounds: ROUNDS });
  expect(faults).toEqual([]);
  // Half of them report in five ways.
  expect(refused).toBe((ROUNDS / 2) * 6);
  expect(Math.max(...takeoverMs)).toBeLessThanOrEqual((LEASE_SECONDS + 1) * 1000);
});
