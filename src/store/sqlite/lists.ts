// Lists of jobs: pages by keyset, each read from the index that its filter names, newest first.
import { and, desc, eq, inArray, sql } from '../../../db/drizzle.ts';
import { jobs } from '../../../db/schema.ts';
import type { JobFilter, JobStore, ListQuery } from '../job-store.ts';
import { rowColumns, toSummary } from './job-row.ts';
import {
  BY_POSITION,
  cutPage,
  decodeCursor,
  encodeCursor,
  isOnPage,
  type ListPosition,
  NEWEST,
} from './list-position.ts';
import { mergeNewest } from './merge-newest.ts';
import { prepareSearch } from './searches.ts';
import { isOrAny, lazily, param, read, readInTurns, type Session } from './session.ts';

type Lists = Pick<JobStore, 'list' | 'listIds' | 'findStatuses' | 'oldestQueuedAt'>;

export function lists(session: Session): Lists {
  const statements = lazily(() => prepareStatements(session));
  const search = lazily(() => prepareSearch(session, newest));

  /** The newest jobs behind the position. The indexes are by state, so that several are merged. */
  function newest(filter: JobFilter, behind: ListPosition, limit: number): ListPosition[] {
    const { tenant, id, status, endpoint, since, until } = filter;
    const { createdAt, seq } = behind;
    const before = { until: Math.min(until ?? createdAt, createdAt), createdAt, seq };
    const values = { tenant, id, ...before, limit };
    const statement = statements()[id === null ? 'byEndpoint' : 'byCallerId'];
    // A caller's own id has few jobs in most hands: its index is of all states and endpoints.
    const kinds = id === null ? session.counters.kinds(filter) : [{ status, endpoint }];
    const sources = kinds.map(
      (kind) => (from: number) => statement.all({ ...values, ...kind, since: from }),
    );
    return mergeNewest(sources, { ...BY_POSITION, since: since ?? 0, limit });
  }

  async function page({ search: text, cursor, limit, ...filter }: ListQuery) {
    const behind = cursor === null ? NEWEST : decodeCursor(cursor);
    const { positions, next } =
      text === null
        ? cutPage(newest(filter, behind, limit + 1), limit)
        : await search()({ filter, text, behind, limit });
    return { positions, nextCursor: next && encodeCursor(next) };
  }

  return {
    list: (query) =>
      readInTurns(async () => {
        const { positions, nextCursor } = await page(query);
        const rows = positions.flatMap(({ seq }) => statements().row.all({ seq }));
        return { jobs: rows.map(toSummary), nextCursor };
      }),

    listIds: (query) =>
      readInTurns(async () => {
        const { positions, nextCursor } = await page(query);
        const rows = positions.flatMap(({ seq }) => statements().jobId.all({ seq }));
        return { jobIds: rows.map(({ jobId }) => jobId), nextCursor };
      }),

    findStatuses: (tenant, jobIds) =>
      read(() => {
        const rows = statements().statuses.all({ tenant, jobIds: JSON.stringify(jobIds) });
        return new Map(rows.map(({ jobId, status }) => [jobId, status]));
      }),

    oldestQueuedAt: (tenant) =>
      read(() => {
        const kinds = session.counters.kinds({ tenant, status: 'queued', endpoint: null });
        const times = kinds.map((kind) => statements().oldest.get({ tenant, ...kind })?.createdAt);
        return times.reduce(
          (a, b) => (a !== undefined && (b === undefined || a < b) ? a : b),
          undefined,
        );
      }),
  };
}

function prepareStatements({ orm }: Session) {
  const position = { createdAt: jobs.createdAt, seq: jobs.seq };
  const isStatus = eq(jobs.status, param('status'));
  const isEndpoint = eq(jobs.endpoint, param('endpoint'));
  const page = (...filters: Parameters<typeof and>) =>
    orm
      .select(position)
      .from(jobs)
      .where(and(eq(jobs.tenant, param('tenant')), ...filters, isOnPage(jobs)))
      .orderBy(desc(jobs.createdAt), desc(jobs.seq))
      .limit(sql.placeholder('limit'))
      .prepare();
  const anyStatus = isOrAny(jobs.status, 'status');
  const anyEndpoint = isOrAny(jobs.endpoint, 'endpoint');
  return {
    byEndpoint: page(isEndpoint, isStatus),
    byCallerId: page(eq(jobs.id, param('id')), anyStatus, anyEndpoint),
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
