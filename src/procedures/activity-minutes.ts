// What happened in a minute, over all endpoints, as jobs.stats and jobs.activity show it.
import { z } from 'zod';
import { timestamp } from '../contract/fields.ts';
import type { ActivityMinute } from '../store/job-store.ts';
import type { Context } from './trpc.ts';

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

/**
 * What happened in the caller's tenant in the present minute and those before it, `minutes` in all, and
 * when the first of them began. Without what is still to come, where the clock was set back.
 */
export async function lastMinutes({ services, principal }: Context, minutes: number) {
  const present = Math.floor(services.clock.now() / MINUTE_MS) * MINUTE_MS;
  const first = present - (minutes - 1) * MINUTE_MS;
  const rows = await services.store.listActivity(principal.tenant, first);
  return { first, rows: rows.filter(({ at }) => at <= present) };
}

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
