// Kills in the middle of deliveries, a few: `npm run test:webhooks -- --kills 500` has as many as wanted.
import { expect, it } from 'vitest';
import { runWebhookTrial } from './webhooks/trial.ts';

const KILLS = 5;

it('no webhook is lost, and each keeps its id and body', { timeout: 90_000 }, async () => {
  const seed = Date.now() % 1_000_000;
  const report = await runWebhookTrial({ kills: KILLS, seed, mostFaults: 1, inHurry: true });
  expect(report.faults, `seed ${seed}`).toEqual([]);
  expect(report.kills).toBe(KILLS);
  expect(report.killsInTheMiddle).toBeGreaterThan(0);
  expect(report.told).toBe(report.jobs);
  expect(report.jobs).toBeGreaterThanOrEqual(KILLS);
});
