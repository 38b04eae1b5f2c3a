// The power cut, a few points of it: `npm run test:powercut` has a thousand.
import { beforeAll, describe, expect, it } from 'vitest';
import { hasStrace } from './power-cut/recording.ts';
import { runTrial } from './power-cut/trial.ts';

const canRecord = hasStrace();

describe('a power cut', () => {
  beforeAll(() => {
    if (!canRecord) process.stderr.write('LEFT OUT: there is no strace here to record with\n');
  });

  it.runIf(canRecord)('takes nothing that was acknowledged', async () => {
    const { outcomes, failures, checkpointed } = await runTrial({
      points: 40,
      sync: 'FULL',
      seed: Date.now() % 1_000_000,
      jobs: 200,
    });
    expect(failures).toEqual([]);
    expect(outcomes.whole).toBe(40);
    expect(checkpointed).toBeGreaterThan(0);
  });

  it.runIf(canRecord)('would take some with fewer syncs', async () => {
    const { outcomes } = await runTrial({ points: 50, sync: 'NORMAL', seed: 1, jobs: 200 });
    expect(outcomes.lost).toBeGreaterThan(0);
  });
});
