// The audit table: who did what, noted in the commit that did it, read from its end.
import { and, desc, lt, max, min, sql } from '../../../db/drizzle.ts';
import { audit } from '../../../db/schema.ts';
import type { AuditEntry } from '../../contract/audit.ts';
import { invalidPayload } from '../../contract/errors.ts';
import type { AuditQuery, JobStore } from '../job-store.ts';
import type { Orm } from './database.ts';
import { isOrAny, lazily, param, read, type Session } from './session.ts';

/** Rows that one page looks through at the most: a few milliseconds, however few of them fit. */
const SCAN = 5000;

type Noted = Pick<AuditEntry, 'tenant' | 'action' | 'target'> & { detail?: object };

/** Writes entries, within the transaction of what they tell. */
export class AuditWriter {
  readonly #now: () => number;
  readonly #insert: () => ReturnType<typeof prepareInsert>;

  constructor(orm: Orm, now: () => number) {
    this.#now = now;
    this.#insert = lazily(() => prepareInsert(orm));
  }

  /** Nothing when nobody is named. */
  note(by: string | undefined, { tenant, action, target, detail }: Noted): void {
    if (by === undefined) return;
    const text = detail ? JSON.stringify(detail) : null;
    this.#insert().run({ tenant, at: this.#now(), keyId: by, action, target, detail: text });
  }
}

export function auditLog({
  orm,
  commits,
  options,
}: Session): Pick<JobStore, 'listAudit' | 'pruneAudit'> {
  const statements = lazily(() => prepareStatements(orm));

  /** The first `seq` before which nothing was looked at; null when all was. */
  function endOfScan(before: number): number | null {
    const { first, count } = statements().scanned.get({ before, scan: SCAN }) ?? { count: 0 };
    return count === SCAN ? (first ?? null) : null;
  }

  return {
    listAudit: ({ cursor, limit, ...filter }: AuditQuery) =>
      read(() => {
        const before = cursor === null ? Number.MAX_SAFE_INTEGER : decodeCursor(cursor);
        const rows = statements().page.all({ ...filter, before, scan: SCAN, limit: limit + 1 });
        const entries = rows.slice(0, limit).map(toEntry);
        const next = rows.length > limit ? (entries.at(-1)?.seq ?? null) : endOfScan(before);
        return { entries, nextCursor: next === null ? null : String(next) };
      }),

    async pruneAudit(limit) {
      const { retentionMs, clock } = options;
      if (retentionMs === 0) return 0;
      const until = clock.now() - retentionMs;
      const due = await read(() => statements().due.get({ limit, until })?.last ?? null);
      if (due === null) return 0;
      return commits.run(() => statements().remove.run({ last: due, until }).changes);
    },
  };
}

function toEntry(row: typeof audit.$inferSelect): AuditEntry {
  const detail = row.detail === null ? null : (JSON.parse(row.detail) as AuditEntry['detail']);
  return { ...row, detail };
}

function decodeCursor(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw invalidPayload([{ path: 'cursor', message: 'Not a next_cursor of this list' }]);
}

function prepareInsert(orm: Orm) {
  return orm
    .insert(audit)
    .values({
      tenant: param('tenant'),
      at: param('at'),
      keyId: param('keyId'),
      action: param('action'),
      target: param('target'),
      detail: param('detail'),
    })
    .prepare();
}

function prepareStatements(orm: Orm) {
  const latest = orm
    .select()
    .from(audit)
    .where(lt(audit.seq, param('before')))
    .orderBy(desc(audit.seq))
    .limit(sql.placeholder('scan'))
    .as('latest');
  const oldest = orm
    .select({ seq: audit.seq, at: audit.at })
    .from(audit)
    .orderBy(audit.seq)
    .limit(sql.placeholder('limit'))
    .as('oldest');
  return {
    page: orm
      .select()
      .from(latest)
      .where(
        and(
          isOrAny(latest.tenant, 'tenant'),
          isOrAny(latest.keyId, 'keyId'),
          isOrAny(latest.action, 'action'),
          isOrAny(latest.target, 'target'),
          sql`(${sql.placeholder('since')} is null or ${latest.at} >= ${sql.placeholder('since')})`,
          sql`(${sql.placeholder('until')} is null or ${latest.at} <= ${sql.placeholder('until')})`,
        ),
      )
      .orderBy(desc(latest.seq))
      .limit(sql.placeholder('limit'))
      .prepare(),
    scanned: orm
      .select({ first: min(latest.seq), count: sql<number>`count(*)` })
      .from(latest)
      .prepare(),
    due: orm
      .select({ last: max(oldest.seq) })
      .from(oldest)
      .where(sql`${oldest.at} <= ${sql.placeholder('until')}`)
      .prepare(),
    remove: orm
      .delete(audit)
      .where(sql`seq <= ${sql.placeholder('last')} and at <= ${sql.placeholder('until')}`)
      .prepare(),
  };
}
