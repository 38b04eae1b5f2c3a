// Where a waiting job stands: how many go before it, read from the claim's own index.
import { and, eq, gt, sql } from '../../../db/drizzle.ts';
import { jobs } from '../../../db/schema.ts';
import type { JobStore } from '../job-store.ts';
import { lazily, param, read, type Session } from './session.ts';

/** Positions are exact up to this; beyond it nobody is told. */
const LAST_EXACT_POSITION = 1000;

export function queuePlaces(session: Session): Pick<JobStore, 'queuePosition'> {
  const statements = lazily(() => prepareStatements(session));
  return {
    queuePosition: ({ tenant, jobId }) =>
      read(() => {
        const job = statements().find.get({ tenant, jobId });
        if (!job) return null;
        const { seq, endpoint, priority, runAt } = job;
        const values = { tenant, endpoint, priority, runAt, seq, limit: LAST_EXACT_POSITION + 1 };
        // Two ranges of the index: one condition over both would read the whole queue.
        const ahead =
          statements().higherPriority.all(values).length +
          statements().samePriority.all(values).length;
        return ahead > LAST_EXACT_POSITION ? null : ahead;
      }),
  };
}

function prepareStatements({ orm }: Session) {
  const isWaiting = sql`status = 'queued' and ready = 1`;
  const waitsForSame = and(
    eq(jobs.tenant, param('tenant')),
    eq(jobs.endpoint, param('endpoint')),
    isWaiting,
  );
  const isBefore = sql`(${jobs.runAt}, ${jobs.seq}) < (${sql.placeholder('runAt')}, ${sql.placeholder('seq')})`;
  const ahead = (condition: typeof isBefore) =>
    orm
      .select({ seq: jobs.seq })
      .from(jobs)
      .where(and(waitsForSame, condition))
      .limit(sql.placeholder('limit'))
      .prepare();
  return {
    find: orm
      .select({
        seq: jobs.seq,
        endpoint: jobs.endpoint,
        priority: jobs.priority,
        runAt: jobs.runAt,
      })
      .from(jobs)
      .where(and(eq(jobs.jobId, param('jobId')), eq(jobs.tenant, param('tenant')), isWaiting))
      .prepare(),
    higherPriority: ahead(sql`${gt(jobs.priority, param('priority'))}`),
    samePriority: ahead(sql`${and(eq(jobs.priority, param('priority')), isBefore)}`),
  };
}
