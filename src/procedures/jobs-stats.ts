// jobs.stats: how many jobs there are in which state, and how much went through lately.
import { z } from 'zod';
import { timestamp } from '../contract/fields.ts';
import { JOB_STATUSES, type JobStatus } from '../contract/job.ts';
import type { ActivityMinute, StatusCount } from '../store/job-store.ts';
import { activityMinute, lastMinutes, sumMinute } from './activity-minutes.ts';
import { answers, procedure } from './trpc.ts';

/** How far back the throughput goes. */
const THROUGHPUT_MINUTES = 10;

const count = z.int().min(0);

const byStatus = z.object({
  queued: count,
  running: count,
  done: count,
  failed: count,
  cancelled: count,
});

type ByStatus = z.output<typeof byStatus>;

const output = z
  .object({
    by_status: byStatus,
    by_endpoint: z.record(z.string(), byStatus),
    queue_length: count.describe('Queued jobs that may be claimed now.'),
    queue_limit: z
      .int()
      .min(1)
      .nullable()
      .describe('MAX_QUEUE_LENGTH, for all tenants together; null for no limit.'),
    delayed: count.describe('Queued jobs that wait for their time.'),
    oldest_queued_at: timestamp.nullable().describe('Submission of the job that waits longest.'),
    throughput: z
      .array(activityMinute)
      .describe(
        `The last ${THROUGHPUT_MINUTES} minutes in which something happened, oldest first.`,
      ),
  })
  .meta({
    examples: [
      {
        by_status: { queued: 1, running: 1, done: 40, failed: 0, cancelled: 0 },
        by_endpoint: {
          '/v1/media/transcribe': { queued: 1, running: 1, done: 40, failed: 0, cancelled: 0 },
        },
        queue_length: 1,
        queue_limit: 10_000,
        delayed: 0,
        oldest_queued_at: 1764000000000,
        throughput: [{ at: 1764000000000, submitted: 2, done: 1, failed: 0, cancelled: 0 }],
      },
    ],
  });

export const jobsStats = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/jobs/stats',
      tags: ['jobs'],
      summary: 'Counts and throughput',
    },
    scope: 'read',
    failure: 'count the jobs',
  })
  .input(
    z
      .strictObject({})
      .meta({ examples: [{}] })
      .optional(),
  )
  .output(answers(output))
  .query(async ({ ctx }): Promise<z.output<typeof output>> => {
    const { tenant } = ctx.principal;
    const { store, maxQueueLength } = ctx.services;
    const [counts, queueLength, oldest, activity] = await Promise.all([
      store.countByStatus(tenant),
      store.queueLength(tenant),
      store.oldestQueuedAt(tenant),
      lastMinutes(ctx, THROUGHPUT_MINUTES),
    ]);
    const total = countAll(counts);
    return {
      by_status: total,
      by_endpoint: countByEndpoint(counts),
      queue_length: queueLength,
      queue_limit: maxQueueLength === 0 ? null : maxQueueLength,
      delayed: total.queued - queueLength,
      oldest_queued_at: oldest ?? null,
      throughput: sumMinutes(activity.rows),
    };
  });

function countAll(counts: readonly StatusCount[]): ByStatus {
  const total = Object.fromEntries(JOB_STATUSES.map((status) => [status, 0])) as Record<
    JobStatus,
    number
  >;
  for (const { status, count: n } of counts) total[status] += n;
  return total;
}

function countByEndpoint(counts: readonly StatusCount[]): Record<string, ByStatus> {
  const grouped = Map.groupBy(counts, ({ endpoint }) => endpoint);
  return Object.fromEntries([...grouped].map(([endpoint, own]) => [endpoint, countAll(own)]));
}

/** One row a minute, over all endpoints. */
function sumMinutes(activity: readonly ActivityMinute[]): z.output<typeof activityMinute>[] {
  const grouped = Map.groupBy(activity, ({ at }) => at);
  return [...grouped].sort(([a], [b]) => a - b).map(([at, rows]) => sumMinute(at, rows));
}
