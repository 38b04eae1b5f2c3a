// The backup under load, once: `npm run test:backup` takes several and holds the rate to 1,000/s.
import { expect, it } from 'vitest';
import { runBackupTrial } from './backup/trial.ts';

it('has everything that was acknowledged before it began', { timeout: 120_000 }, async () => {
  const report = await runBackupTrial({ backups: 1, secondsBetween: 0.5, jobsPerCall: 30 });
  expect(report.faults).toEqual([]);
  expect(report.jobs[0]).toBeGreaterThan(30);
  expect(report.ended[0]).toBeGreaterThan(0);
  // The machine is busy with other tests: how many it can write meanwhile is not held here.
  expect(report.ratesDuring[0]).toBeGreaterThan(0);
});
