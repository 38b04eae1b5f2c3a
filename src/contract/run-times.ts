// Run times as a histogram: buckets that each reach a fifth further than the one before, and percentiles.

/** How many jobs ran how long, by bucket. */
export type RunTimes = Record<number, number>;

const FACTOR = 1.2;
const LOG_FACTOR = Math.log(FACTOR);

/** 0 below a millisecond, and n from 1.2^(n-1) to below 1.2^n ms: a day is in bucket 101. */
export function bucketOf(runMs: number): number {
  return runMs < 1 ? 0 : 1 + Math.floor(Math.log(runMs) / LOG_FACTOR);
}

/** Adds `count` jobs, or takes them away again. */
export function addRunTime(runTimes: RunTimes, bucket: number, count: number): void {
  const sum = (runTimes[bucket] ?? 0) + count;
  if (sum === 0) delete runTimes[bucket];
  else runTimes[bucket] = sum;
}

export function sumRunTimes(all: Iterable<RunTimes>): RunTimes {
  const sum: RunTimes = {};
  for (const runTimes of all) {
    for (const [bucket, count] of Object.entries(runTimes)) addRunTime(sum, Number(bucket), count);
  }
  return sum;
}

/**
 * For each part, from 0 to 1, the run time that this part of the jobs did not exceed: milliseconds,
 * exact to a tenth and, below 9 ms, to the millisecond. Null of no jobs.
 */
export function percentilesOf<Name extends string>(
  runTimes: RunTimes,
  parts: Record<Name, number>,
): Record<Name, number> | null {
  // Keys that are integers come in their order.
  const buckets = Object.entries(runTimes).map(([bucket, count]) => ({ bucket: +bucket, count }));
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return null;
  const valueAt = (part: number) => {
    let left = Math.max(Math.ceil(part * total), 1);
    for (const { bucket, count } of buckets) {
      left -= count;
      if (left <= 0) return middleOf(bucket);
    }
    return middleOf(buckets.at(-1)?.bucket ?? 0);
  };
  const entries = Object.entries<number>(parts).map(([name, part]) => [name, valueAt(part)]);
  return Object.fromEntries(entries) as Record<Name, number>;
}

/** As far from both ends of the bucket, by factor. */
function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : Math.round(FACTOR ** (bucket - 0.5));
}
