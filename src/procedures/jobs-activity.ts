// jobs.activity: the last hour, minute by minute: what came, how it ended, and how long it ran.
import { z } from 'zod';
import { percentilesOf, sumRunTimes } from '../contract/run-times.ts';
import type { ActivityMinute } from '../store/job-store.ts';
import { activityMinute, lastMinutes, MINUTE_MS, sumMinute } from './activity-minutes.ts';
import { answers, procedure } from './trpc.ts';

/** As many as the store keeps. */
const MINUTES = 60;

const IN_A_MINUTE = { p50: 0.5, p95: 0.95 };
const IN_ALL = { ...IN_A_MINUTE, p99: 0.99 };

const runMs = z.int().min(0);
const ofMinute = z.object({ p50: runMs, p95: runMs });

const minute = activityMinute.extend({
  run_ms: ofMinute
    .nullable()
    .describe('Run time of the jobs done; milliseconds, to a tenth. Null where none was done.'),
});

const output = z
  .object({
    minutes: z
      .array(minute)
      .describe(`Every one of the last ${MINUTES} minutes, oldest first; the present one is last.`),
    run_ms: ofMinute
      .extend({ p99: runMs })
      .nullable()
      .describe('Run time of the jobs done in them; null where none was done.'),
  })
  .meta({
    examples: [
      {
        minutes: [
          {
            at: 1763999940000,
            submitted: 2,
            done: 1,
            failed: 0,
            cancelled: 0,
            run_ms: { p50: 5280, p95: 5280 },
          },
          { at: 1764000000000, submitted: 0, done: 0, failed: 0, cancelled: 0, run_ms: null },
        ],
        run_ms: { p50: 5280, p95: 5280, p99: 5280 },
      },
    ],
  });

export const jobsActivity = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/jobs/activity',
      tags: ['jobs'],
      summary: 'The last hour, minute by minute',
    },
    scope: 'read',
    failure: 'tell the activity',
  })
  .input(
    z
      .strictObject({})
      .meta({ examples: [{}] })
      .optional(),
  )
  .output(answers(output))
  .query(async ({ ctx }): Promise<z.output<typeof output>> => {
    const { first, rows } = await lastMinutes(ctx, MINUTES);
    const grouped = Map.groupBy(rows, ({ at }) => at);
    const minutes = Array.from({ length: MINUTES }, (_, index) => first + index * MINUTE_MS);
    return {
      minutes: minutes.map((at) => viewOf(at, grouped.get(at) ?? [])),
      run_ms: percentilesOf(runTimesOf(rows), IN_ALL),
    };
  });

function viewOf(at: number, rows: readonly ActivityMinute[]): z.output<typeof minute> {
  return { ...sumMinute(at, rows), run_ms: percentilesOf(runTimesOf(rows), IN_A_MINUTE) };
}

const runTimesOf = (rows: readonly ActivityMinute[]) =>
  sumRunTimes(rows.map(({ runTimes }) => runTimes));
