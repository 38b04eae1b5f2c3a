// The event log: what happened to jobs, read from where somebody was left off.
import { and, asc, eq, gt, sql } from '../../../db/drizzle.ts';
import { events, jobs } from '../../../db/schema.ts';
import type { JobStatus } from '../../contract/job.ts';
import type { ChangeKind, JobEvent } from '../../contract/job-event.ts';
import type { JobStore } from '../job-store.ts';
import { lazily, param, read, type Session } from './session.ts';

type EventLog = Pick<JobStore, 'listEvents' | 'listTenantEvents' | 'lastEventSeq'>;

interface EventRow {
  seq: number;
  jobId: string;
  endpoint: string;
  kind: string;
  version: number;
  at: number;
  /** JSON: `job_status`, `attempt` and what is the kind's own. */
  data: string;
}

export function eventLog(session: Session): EventLog {
  const statements = lazily(() => prepareStatements(session));
  return {
    listEvents: ({ tenant, jobId }, after, limit) =>
      read(() => statements().ofJob.all({ tenant, jobId, after, limit }).map(toEvent)),

    listTenantEvents: (tenant, after, limit) =>
      read(() => {
        const rows = statements().ofAll.all({ after, limit });
        return {
          events: rows.filter((row) => row.tenant === tenant).map(toEvent),
          after: rows.at(-1)?.seq ?? after,
          isLast: rows.length < limit,
        };
      }),

    lastEventSeq: () => read(() => statements().last.get()?.seq ?? 0),
  };
}

function toEvent({ seq, jobId, endpoint, kind, version, at, data }: EventRow): JobEvent {
  const { job_status, attempt, ...own } = JSON.parse(data) as {
    job_status: JobStatus;
    attempt: number;
  };
  return {
    seq,
    job_id: jobId,
    endpoint,
    kind: kind as ChangeKind,
    job_status,
    version,
    attempt,
    at,
    data: own,
  };
}

function prepareStatements({ orm }: Session) {
  const columns = {
    seq: events.seq,
    tenant: events.tenant,
    jobId: events.jobId,
    endpoint: jobs.endpoint,
    kind: events.kind,
    version: events.version,
    at: events.at,
    data: events.data,
  };
  const afterSeq = gt(events.seq, param('after'));
  return {
    ofJob: orm
      .select(columns)
      .from(jobs)
      .innerJoin(events, eq(events.jobSeq, jobs.seq))
      .where(and(eq(jobs.jobId, param('jobId')), eq(jobs.tenant, param('tenant')), afterSeq))
      .orderBy(asc(events.seq))
      .limit(sql.placeholder('limit'))
      .prepare(),
    ofAll: orm
      .select(columns)
      .from(events)
      .innerJoin(jobs, eq(jobs.seq, events.jobSeq))
      .where(afterSeq)
      .orderBy(asc(events.seq))
      .limit(sql.placeholder('limit'))
      .prepare(),
    // SQLite's own: the rows of removed jobs are gone, their numbers stay used.
    last: orm
      .select({ seq: sql<number>`seq` })
      .from(sql`sqlite_sequence`)
      .where(sql`name = 'events'`)
      .prepare(),
  };
}
