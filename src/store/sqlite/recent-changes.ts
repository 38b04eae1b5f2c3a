// What changed lately: the states of a tenant's jobs, latest change first.
import { and, desc, eq, gte, sql } from '../../../db/drizzle.ts';
import { jobs } from '../../../db/schema.ts';
import type { JobStatus } from '../../contract/job.ts';
import type { JobStore } from '../job-store.ts';
import { mergeNewest } from './merge-newest.ts';
import { lazily, param, read, type Session } from './session.ts';

interface Change {
  jobId: string;
  status: JobStatus;
  at: number;
}

/**
 * One index of all changes would cost two entries a change of any job, a tenth of a submission and
 * of a report. So each kind of job is found where it is anyway, or where few are: those that run,
 * those that ended (they change no more), those back in the queue, and those submitted since.
 */
export function recentChanges(session: Session): Pick<JobStore, 'listChangedSince'> {
  const statements = lazily(() => prepareStatements(session));
  return {
    listChangedSince: (tenant, since, limit) =>
      read(() => {
        const values = { tenant, limit };
        const byUpdate = [statements().running, statements().ended, statements().requeued];
        const queued = session.counters.kinds({ tenant, status: 'queued', endpoint: null });
        const sources = [
          ...byUpdate.map(
            (statement) => (from: number) => statement.all({ ...values, since: from }),
          ),
          ...queued.map(({ endpoint }) => (from: number) => {
            const submitted = statements().submitted.all({ ...values, endpoint, since: from });
            // The others came back since: those are `requeued`.
            return submitted.filter(({ version }) => version === 1);
          }),
        ];
        const latest = mergeNewest<Change>(sources, { ...BY_CHANGE, since, limit });
        return new Map(latest.map(({ jobId, status }) => [jobId, status]));
      }),
  };
}

const BY_CHANGE = {
  timeOf: ({ at }: Change) => at,
  byNewest: (a: Change, b: Change) => b.at - a.at,
};

function prepareStatements({ orm }: Session) {
  const isTenant = eq(jobs.tenant, param('tenant'));
  const changed = { jobId: jobs.jobId, status: jobs.status, at: jobs.updatedAt };
  // Literals: only then does SQLite see that the partial index serves.
  const byUpdate = (which: ReturnType<typeof sql>) =>
    orm
      .select(changed)
      .from(jobs)
      .where(and(which, isTenant, gte(jobs.updatedAt, param('since'))))
      .orderBy(desc(jobs.updatedAt))
      .limit(sql.placeholder('limit'))
      .prepare();
  return {
    running: byUpdate(sql`status = 'running'`),
    requeued: byUpdate(sql`status = 'queued' and version > 1`),
    ended: orm
      .select({ ...changed, at: sql<number>`${jobs.endedAt}` })
      .from(jobs)
      .where(and(sql`ended_at is not null`, isTenant, gte(jobs.endedAt, param('since'))))
      .orderBy(desc(jobs.endedAt))
      .limit(sql.placeholder('limit'))
      .prepare(),
    /**
     * By endpoint. One that came back takes the place of an older submission, rightly: its change is
     * the later one.
     */
    submitted: orm
      .select({ ...changed, version: jobs.version })
      .from(jobs)
      .where(
        and(
          isTenant,
          eq(jobs.endpoint, param('endpoint')),
          eq(jobs.status, 'queued'),
          gte(jobs.createdAt, param('since')),
        ),
      )
      .orderBy(desc(jobs.createdAt))
      .limit(sql.placeholder('limit'))
      .prepare(),
  };
}
