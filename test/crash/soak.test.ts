// The soak, some seconds of it, for its mechanics only: `npm run test:soak` measures half an hour.
import { expect, it } from 'vitest';
import { runSoakTrial } from './soak/trial.ts';
import { slopeOf, trendOf, verdictsOn } from './soak/trend.ts';

const KINDS = ['jobs', 'waits', 'gets', 'follows', 'cancels', 'lists'] as const;
const MINUTE_MS = 60_000;

it('loads, kills and samples, and everything ends', { timeout: 120_000 }, async () => {
  const seed = Date.now() % 1_000_000;
  const report = await runSoakTrial({ seconds: 5, warmUpSeconds: 1, seed, sampleEveryMs: 500 });
  expect(report.faults, `seed ${seed}`).toEqual([]);
  expect(report.kills).toBeGreaterThan(0);
  expect(report.completions).toBeGreaterThan(0);
  expect(KINDS.filter((kind) => report[kind] === 0)).toEqual([]);
  expect(report.statusReads.length).toBeGreaterThan(0);
  expect(report.samples.length).toBeGreaterThan(2);
  for (const { rssMb, privateMb, heapMb, descriptors } of report.samples) {
    expect(rssMb).toBeGreaterThan(privateMb);
    expect(privateMb).toBeGreaterThan(heapMb);
    expect(descriptors).toBeGreaterThan(0);
  }
});

it('knows a slope and its error', () => {
  const points = [1, 2, 2, 3].map((y, i) => ({ atMs: i * 3_600_000, y }));
  const { perHour, standardError } = slopeOf(points);
  expect(perHour).toBeCloseTo(0.6);
  expect(standardError).toBeCloseTo(Math.sqrt(0.2 / 2 / 5));
});

it('reaches its verdicts when nothing grows once warm', () => {
  expect(verdictsAfter({ mbPerHour: 0, descriptors: 0, ms: 0 })).toEqual([true, true, true, true]);
});

it('tells memory, descriptors and answers that grow', () => {
  expect(verdictsAfter({ mbPerHour: 2, descriptors: 0, ms: 0 })).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(verdictsAfter({ mbPerHour: 0, descriptors: 6, ms: 0 })).toEqual([true, true, false, true]);
  expect(verdictsAfter({ mbPerHour: 0, descriptors: 0, ms: 1 })).toEqual([true, true, true, false]);
});

/** Of half an hour that grows by so much, beside 30 MB in the warm-up. */
function verdictsAfter(growth: { mbPerHour: number; descriptors: number; ms: number }): boolean[] {
  const parts = Array.from({ length: 31 }, (_, i) => ({ atMs: i * MINUTE_MS, part: i / 30 }));
  const samples = parts.map(({ atMs, part }) => {
    const mb = 100 + Math.min(part * 3, 1) * 30 + growth.mbPerHour * (part / 2);
    const descriptors = 30 + Math.round(growth.descriptors * part);
    return { atMs, rssMb: mb, privateMb: mb, heapMb: mb, descriptors };
  });
  const reads = parts.map(({ atMs, part }) => ({ atMs, tookMs: 5 + growth.ms * part }));
  return verdictsOn(trendOf(samples, reads)).map(({ isReached }) => isReached);
}
