// The ranges of ids that begin with a text, ours and the callers': what is found in them, and how late.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { and, asc, desc, eq, gt, gte, lte, sql } from '../../../db/drizzle.ts';
import { jobs } from '../../../db/schema.ts';
import type { JobFilter } from '../job-store.ts';
import { isOnPage, type ListPosition } from './list-position.ts';
import { isOrAny, param, type Session } from './session.ts';
import { ID_ROLLBACK_MS } from './submissions.ts';

/** Jobs of a filter behind a position whose id begins with a text. */
export interface RangeQuery {
  filter: JobFilter;
  text: string;
  behind: ListPosition;
}

/** The latest creation of a job in the range may be that, epoch milliseconds; or there is none. */
export type Latest = number | 'none';

export interface SearchRange {
  /** Whether at most so many ids, whosever, are in the range. */
  isWithin(query: RangeQuery, most: number): boolean;
  /** All of the jobs in a range of at most `most` ids; the newest `limit`. */
  readAll(query: RangeQuery, most: number, limit: number): ListPosition[];
  /** Those of the jobs that are in the range. */
  keepFitting(query: RangeQuery, found: readonly ListPosition[]): ListPosition[];
  /** At or before `until`; in turns where it takes long, so that nobody waits for it. */
  findLatest(query: RangeQuery, until: number): Promise<Latest>;
}

type IdColumn = typeof jobs.jobId | typeof jobs.id;

/** Behind the text: of hexadecimal digits and dashes this is greater than any. */
const AFTER_HEX = 'g';

/** A caller's id has 255 UTF-16 units at the most, and nothing is greater than these. */
const AFTER_ANY = '\u{10FFFF}'.repeat(128);

/** How much later than its job an id of ours may say that it was made: they rise also by counting. */
const AHEAD_MS = ID_ROLLBACK_MS + 1000;

/** Imported jobs in the range that are looked through. */
const MOST_IMPORTED = 5000;

/**
 * Our ids say when they were made, and none of a time before its job. Only imported jobs have others:
 * those are looked through.
 */
export function ourIds(session: Session): SearchRange {
  const range = prepareRange(session, jobs.jobId, {
    begin: (text) => text.toLowerCase(),
    afterAny: AFTER_HEX,
  });
  const statements = prepareOurs(session);

  function latestImported(values: Values, until: number): number {
    const { n, at } = statements.imported.get({ ...values, until, most: MOST_IMPORTED }) ?? NO_ROW;
    return n === MOST_IMPORTED ? until : (at ?? NEVER);
  }

  function latestOfOurs(values: Values, until: number): number {
    const least = statements.least.get(values)?.jobId;
    const greatest = statements.greatest.get(values)?.jobId;
    if (!least || !greatest || until < timeIn(least) - AHEAD_MS) return NEVER;
    return Math.min(until, timeIn(greatest));
  }

  return {
    ...range,
    async findLatest(query, until) {
      const values = range.valuesOf(query);
      const latest = Math.max(latestImported(values, until), latestOfOurs(values, until));
      return latest === NEVER ? 'none' : latest;
    },
  };
}

const NEVER = -1;
const NO_ROW = { n: 0, at: null };

/** Epoch milliseconds: the first 48 bits. */
function timeIn(jobId: string): number {
  return Number.parseInt(jobId.slice(0, 8) + jobId.slice(9, 13), 16);
}

/** Ids looked through in one turn, a millisecond or two, and at the most. */
const CHUNK = 10_000;
const MOST_CHUNKS = 100;

/** Callers' ids say nothing of time: all in the range are looked through, if they are not too many. */
export function callerIds(session: Session): SearchRange {
  const range = prepareRange(session, jobs.id, { begin: (text) => text, afterAny: AFTER_ANY });
  const statements = prepareTheirs(session);

  return {
    ...range,
    async findLatest(query, until) {
      const values = { ...range.valuesOf(query), until, skipped: CHUNK - 1 };
      let after = values.first;
      let latest = statements.ofId.get({ ...values, id: after })?.at ?? NEVER;
      for (let seen = 0; seen < MOST_CHUNKS; seen += 1) {
        const to = statements.boundary.get({ ...values, after })?.id ?? null;
        const found = statements.between.get({ ...values, after, last: to ?? values.last });
        latest = Math.max(latest, found?.at ?? NEVER);
        if (to === null) return latest === NEVER ? 'none' : latest;
        after = to;
        await nextTurn();
      }
      return until;
    },
  };
}

interface Bounds {
  /** What the ids begin with. */
  begin(text: string): string;
  afterAny: string;
}

type Values = ReturnType<ReturnType<typeof prepareRange>['valuesOf']>;

function prepareRange({ orm }: Session, column: IdColumn, { begin, afterAny }: Bounds) {
  const { count, page } = preparePage(orm, column);
  const fitting = orm
    .select({ seq: jobs.seq })
    .from(jobs)
    .where(
      sql`${jobs.seq} in (select value from json_each(${sql.placeholder('seqs')})) and substr(${column}, 1, length(${sql.placeholder('first')})) = ${sql.placeholder('first')}`,
    )
    .prepare();

  function valuesOf({ filter, text, behind }: RangeQuery) {
    const first = begin(text);
    const { tenant, id, status, endpoint, since, until } = filter;
    return {
      ...behind,
      tenant,
      id,
      status,
      endpoint,
      since: since ?? 0,
      until: Math.min(until ?? behind.createdAt, behind.createdAt),
      first,
      last: first + afterAny,
    };
  }

  return {
    valuesOf,
    isWithin: (query: RangeQuery, most: number) =>
      (count.get({ ...valuesOf(query), most: most + 1 })?.n ?? 0) <= most,
    readAll: (query: RangeQuery, most: number, limit: number) =>
      page.all({ ...valuesOf(query), most, limit }),
    keepFitting: (query: RangeQuery, found: readonly ListPosition[]) => {
      const seqs = JSON.stringify(found.map(({ seq }) => seq));
      const kept = new Set(fitting.all({ ...valuesOf(query), seqs }).map(({ seq }) => seq));
      return found.filter(({ seq }) => kept.has(seq));
    },
  };
}

/** The index of our ids is of all tenants. */
function conditionOf(column: IdColumn) {
  const isBetween = and(gte(column, param('first')), lte(column, param('last')));
  return column === jobs.id ? and(eq(jobs.tenant, param('tenant')), isBetween) : isBetween;
}

function preparePage(orm: Session['orm'], column: IdColumn) {
  const inRange = conditionOf(column);
  const counted = orm
    .select({ seq: jobs.seq })
    .from(jobs)
    .where(inRange)
    .limit(sql.placeholder('most'))
    .as('counted');
  const found = orm
    .select({
      createdAt: jobs.createdAt,
      seq: jobs.seq,
      tenant: jobs.tenant,
      id: jobs.id,
      status: jobs.status,
      endpoint: jobs.endpoint,
    })
    .from(jobs)
    .where(inRange)
    // Latest first where ids rise with time: what is sorted then is nearly in order.
    .orderBy(desc(column))
    .limit(sql.placeholder('most'))
    .as('found');
  return {
    count: orm
      .select({ n: sql<number>`count(*)` })
      .from(counted)
      .prepare(),
    page: orm
      .select({ createdAt: found.createdAt, seq: found.seq })
      .from(found)
      .where(
        and(
          eq(found.tenant, param('tenant')),
          isOrAny(found.id, 'id'),
          isOrAny(found.status, 'status'),
          isOrAny(found.endpoint, 'endpoint'),
          isOnPage(found),
        ),
      )
      .orderBy(desc(found.createdAt), desc(found.seq))
      .limit(sql.placeholder('limit'))
      .prepare(),
  };
}

/** The latest of some jobs, where they were made at or before `until`. */
const latestUntil = (createdAt: unknown) =>
  sql<
    number | null
  >`max(case when ${createdAt} <= ${sql.placeholder('until')} then ${createdAt} end)`;

function prepareOurs({ orm }: Session) {
  const inRange = conditionOf(jobs.jobId);
  const edge = (order: typeof asc) =>
    orm
      .select({ jobId: jobs.jobId })
      .from(jobs)
      .where(inRange)
      .orderBy(order(jobs.jobId))
      .limit(1)
      .prepare();
  const imported = orm
    .select({ createdAt: jobs.createdAt })
    .from(jobs)
    // Literals: only then does SQLite see that the index of imported jobs serves.
    .where(and(sql`fence = 0 and status in ('done', 'failed')`, inRange))
    .limit(sql.placeholder('most'))
    .as('imported');
  return {
    least: edge(asc),
    greatest: edge(desc),
    imported: orm
      .select({ n: sql<number>`count(*)`, at: latestUntil(imported.createdAt) })
      .from(imported)
      .prepare(),
  };
}

function prepareTheirs({ orm }: Session) {
  const isTenant = eq(jobs.tenant, param('tenant'));
  const isLeft = and(isTenant, gt(jobs.id, param('after')), lte(jobs.id, param('last')));
  const isInTime = lte(jobs.createdAt, param('until'));
  const latest = (which: typeof isLeft) =>
    orm
      .select({ at: sql<number | null>`max(${jobs.createdAt})` })
      .from(jobs)
      .where(and(which, isInTime))
      .prepare();
  return {
    ofId: latest(and(isTenant, eq(jobs.id, param('id')))),
    /** All jobs of the last id, too. */
    between: latest(isLeft),
    boundary: orm
      .select({ id: jobs.id })
      .from(jobs)
      .where(isLeft)
      .orderBy(asc(jobs.id))
      .limit(1)
      .offset(sql.placeholder('skipped'))
      .prepare(),
  };
}
