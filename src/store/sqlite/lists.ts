// Lists of jobs: pages by keyset, each read from the index that its filter names, newest first.
import { and, desc, eq, gte, inArray, lte, sql } from '../../../db/drizzle.ts';
import { jobs } from '../../../db/schema.ts';
import { invalidPayload } from '../../contract/errors.ts';
import { JOB_STATUSES } from '../../contract/job.ts';
import type { JobStore, ListQuery } from '../job-store.ts';
import { rowColumns, toSummary } from './job-row.ts';
import { mergeNewest } from './merge-newest.ts';
import { param, read, type Session } from './session.ts';

type Lists = Pick<JobStore, 'list' | 'listIds' | 'findStatuses' | 'oldestQueuedAt'>;

/** Where a page ends: the next one begins behind it. */
interface Position {
  createdAt: number;
  seq: number;
}

const NEWEST: Position = { createdAt: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };

export function lists(session: Session): Lists {
  const statements = prepareStatements(session);

  /** The newest jobs behind the cursor. The indexes are by state, so that several are merged. */
  function newest(query: ListQuery): Position[] {
    const { tenant, id, since, until, limit, cursor } = query;
    const { createdAt, seq } = cursor === null ? NEWEST : decodeCursor(cursor);
    const before = { until: Math.min(until ?? createdAt, createdAt), createdAt, seq };
    const values = { tenant, id, ...before, limit: limit + 1 };
    const statement = statements[id === null ? 'byEndpoint' : 'byCallerId'];
    const kinds = id === null ? session.counters.kinds(query) : kindsOfCaller(query);
    const sources = kinds.map(
      (kind) => (from: number) => statement.all({ ...values, ...kind, since: from }),
    );
    return mergeNewest(sources, { ...BY_POSITION, since: since ?? 0, limit: limit + 1 });
  }

  function page(query: ListQuery) {
    const found = newest(query);
    const positions = found.slice(0, query.limit);
    const last = positions.at(-1);
    const nextCursor = last && found.length > positions.length ? encodeCursor(last) : null;
    return { positions, nextCursor };
  }

  return {
    list: (query) =>
      read(() => {
        const { positions, nextCursor } = page(query);
        const rows = positions.flatMap(({ seq }) => statements.row.all({ seq }));
        return { jobs: rows.map(toSummary), nextCursor };
      }),

    listIds: (query) =>
      read(() => {
        const { positions, nextCursor } = page(query);
        const rows = positions.flatMap(({ seq }) => statements.jobId.all({ seq }));
        return { jobIds: rows.map(({ jobId }) => jobId), nextCursor };
      }),

    findStatuses: (tenant, jobIds) =>
      read(() => {
        const rows = statements.statuses.all({ tenant, jobIds: JSON.stringify(jobIds) });
        return new Map(rows.map(({ jobId, status }) => [jobId, status]));
      }),

    oldestQueuedAt: (tenant) =>
      read(() => {
        const kinds = session.counters.kinds({ tenant, status: 'queued', endpoint: null });
        const times = kinds.map((kind) => statements.oldest.get({ tenant, ...kind })?.createdAt);
        return times.reduce(
          (a, b) => (a !== undefined && (b === undefined || a < b) ? a : b),
          undefined,
        );
      }),
  };
}

/** The caller's own ids have few jobs each: those of any endpoint are read together. */
function kindsOfCaller({ status, endpoint }: ListQuery) {
  return (status === null ? JOB_STATUSES : [status]).map((each) => ({ status: each, endpoint }));
}

const BY_POSITION = {
  timeOf: ({ createdAt }: Position) => createdAt,
  byNewest: (a: Position, b: Position) => b.createdAt - a.createdAt || b.seq - a.seq,
};

function encodeCursor({ createdAt, seq }: Position): string {
  return Buffer.from(`${createdAt}.${seq}`).toString('base64url');
}

function decodeCursor(cursor: string): Position {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const [, createdAt, seq] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
  if (createdAt && seq) return { createdAt: Number(createdAt), seq: Number(seq) };
  throw invalidPayload([{ path: 'cursor', message: 'Not a next_cursor of this list' }]);
}

function prepareStatements({ orm }: Session) {
  const position = { createdAt: jobs.createdAt, seq: jobs.seq };
  const isStatus = eq(jobs.status, param('status'));
  const isEndpoint = eq(jobs.endpoint, param('endpoint'));
  const page = (...filters: Parameters<typeof and>) =>
    orm
      .select(position)
      .from(jobs)
      .where(
        and(
          eq(jobs.tenant, param('tenant')),
          ...filters,
          gte(jobs.createdAt, param('since')),
          lte(jobs.createdAt, param('until')),
          sql`(${jobs.createdAt}, ${jobs.seq}) < (${sql.placeholder('createdAt')}, ${sql.placeholder('seq')})`,
        ),
      )
      .orderBy(desc(jobs.createdAt), desc(jobs.seq))
      .limit(sql.placeholder('limit'))
      .prepare();
  const anyEndpoint = sql`(${sql.placeholder('endpoint')} is null or ${isEndpoint})`;
  return {
    byEndpoint: page(isEndpoint, isStatus),
    byCallerId: page(eq(jobs.id, param('id')), isStatus, anyEndpoint),
    row: orm
      .select(rowColumns)
      .from(jobs)
      .where(eq(jobs.seq, param('seq')))
      .prepare(),
    jobId: orm
      .select({ jobId: jobs.jobId })
      .from(jobs)
      .where(eq(jobs.seq, param('seq')))
      .prepare(),
    statuses: orm
      .select({ jobId: jobs.jobId, status: jobs.status })
      .from(jobs)
      .where(
        and(
          eq(jobs.tenant, param('tenant')),
          inArray(jobs.jobId, sql`(select value from json_each(${sql.placeholder('jobIds')}))`),
        ),
      )
      .prepare(),
    oldest: orm
      .select({ createdAt: jobs.createdAt })
      .from(jobs)
      .where(and(eq(jobs.tenant, param('tenant')), isEndpoint, isStatus))
      .orderBy(jobs.createdAt)
      .limit(1)
      .prepare(),
  };
}
