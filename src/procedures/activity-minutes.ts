// What happened in a minute, over all endpoints, as jobs.stats and jobs.activity show it.
import { z } from 'zod';
import { timestamp } from '../contract/fields.ts';
import type { ActivityMinute } from '../store/job-store.ts';

export const MINUTE_MS = 60_000;

const count = z.int().min(0);

export const activityMinute = z.object({
  at: timestamp.describe('Begin of the minute; epoch milliseconds.'),
  submitted: count,
  done: count,
  failed: count,
  cancelled: count,
});

type Counted = Exclude<keyof z.output<typeof activityMinute>, 'at'>;

/** Sums what happened on each endpoint in the minute that begins `at`. */
export function sumMinute(
  at: number,
  rows: readonly ActivityMinute[],
): z.output<typeof activityMinute> {
  const sum = (key: Counted) => rows.reduce((total, row) => total + row[key], 0);
  return {
    at,
    submitted: sum('submitted'),
    done: sum('done'),
    failed: sum('failed'),
    cancelled: sum('cancelled'),
  };
}
