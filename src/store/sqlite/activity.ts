// The activity of the last hour, by minute: kept in memory, written in the commit it happened in.
import { gte, lt, sql } from '../../../db/drizzle.ts';
import { activity } from '../../../db/schema.ts';
import { addRunTime, bucketOf, type RunTimes } from '../../contract/run-times.ts';
import type { ActivityMinute } from '../job-store.ts';
import type { Orm } from './database.ts';
import type { Transaction } from './group-commit.ts';
import { lazily, param } from './session.ts';

type StoredRow = typeof activity.$inferSelect;
type Row = Omit<StoredRow, 'runTimes'> & { runTimes: RunTimes };

/** What may be counted. */
export type ActivityKind = 'submitted' | 'done' | 'failed' | 'cancelled';

export const MINUTE_MS = 60_000;

/** How many minutes are kept. */
const KEPT_MINUTES = 60;

/** What `recent` looks back on. */
const RECENT_MINUTES = 10;

export class Activity {
  readonly #rows = new Map<string, Row>();
  readonly #dirty = new Set<string>();
  readonly #statements: () => ReturnType<typeof prepareStatements>;

  constructor(orm: Orm, now: number) {
    this.#statements = lazily(() => prepareStatements(orm));
    const since = minuteOf(now) - KEPT_MINUTES;
    for (const row of orm.select().from(activity).where(gte(activity.minute, since)).all()) {
      this.#rows.set(keyOf(row), { ...row, runTimes: readRunTimes(row) });
    }
  }

  /** Counts one job; `runMs` of those that are done. Undone with the transaction's write. */
  count(
    tx: Transaction,
    { tenant, endpoint }: { tenant: string; endpoint: string },
    kind: ActivityKind,
    at: number,
    runMs = 0,
  ): void {
    const row = this.#row(tenant, endpoint, minuteOf(at));
    const bucket = bucketOf(runMs);
    const add = (sign: 1 | -1) => {
      row[kind] += sign;
      row.runMs += sign * runMs;
      if (kind === 'done') addRunTime(row.runTimes, bucket, sign);
      this.#dirty.add(keyOf(row));
    };
    add(1);
    tx.onUndo(() => add(-1));
  }

  /** Jobs done in the last minutes, and their run time. */
  recent(tenant: string, endpoint: string, now: number): { done: number; runMs: number } {
    const sum = { done: 0, runMs: 0 };
    for (let minute = minuteOf(now); minute > minuteOf(now) - RECENT_MINUTES; minute -= 1) {
      const row = this.#rows.get(keyOf({ tenant, endpoint, minute }));
      sum.done += row?.done ?? 0;
      sum.runMs += row?.runMs ?? 0;
    }
    return sum;
  }

  /** The minutes from `since` (epoch milliseconds) on. */
  list(tenant: string, since: number): ActivityMinute[] {
    const from = minuteOf(since);
    return [...this.#rows.values()]
      .filter((row) => row.tenant === tenant && row.minute >= from)
      .map(({ minute, tenant: _tenant, ...counts }) => ({ ...counts, at: minute * MINUTE_MS }));
  }

  /** Writes what changed; before the commit. */
  flush(): void {
    for (const key of this.#dirty) {
      const row = this.#rows.get(key);
      if (row) this.#statements().write.run({ ...row, runTimes: textOf(row) });
    }
  }

  /** What was flushed is on the disk. */
  settle(): void {
    this.#dirty.clear();
  }

  /** Forgets what is older than is kept; inside a write. */
  prune(now: number): void {
    const before = minuteOf(now) - KEPT_MINUTES;
    this.#statements().prune.run({ before });
    for (const [key, { minute }] of this.#rows) if (minute < before) this.#rows.delete(key);
  }

  #row(tenant: string, endpoint: string, minute: number): Row {
    const fresh = {
      tenant,
      endpoint,
      minute,
      submitted: 0,
      done: 0,
      failed: 0,
      cancelled: 0,
      runMs: 0,
      runTimes: {},
    };
    const key = keyOf(fresh);
    const row = this.#rows.get(key) ?? fresh;
    this.#rows.set(key, row);
    return row;
  }
}

/** A file of before they were kept has none. */
function readRunTimes({ runTimes }: StoredRow): RunTimes {
  return runTimes === null ? {} : (JSON.parse(runTimes) as RunTimes);
}

/** Some 20 buckets: a microsecond, once a commit. */
function textOf({ done, runTimes }: Row): string | null {
  return done === 0 ? null : JSON.stringify(runTimes);
}

const minuteOf = (at: number) => Math.floor(at / MINUTE_MS);

const keyOf = ({ tenant, endpoint, minute }: Pick<Row, 'tenant' | 'endpoint' | 'minute'>) =>
  `${minute}\n${tenant}\n${endpoint}`;

function prepareStatements(orm: Orm) {
  const counts = {
    submitted: param('submitted'),
    done: param('done'),
    failed: param('failed'),
    cancelled: param('cancelled'),
    runMs: param('runMs'),
    runTimes: param('runTimes'),
  };
  return {
    write: orm
      .insert(activity)
      .values({
        tenant: param('tenant'),
        endpoint: param('endpoint'),
        minute: param('minute'),
        ...counts,
      })
      .onConflictDoUpdate({
        target: [activity.tenant, activity.endpoint, activity.minute],
        set: counts,
      })
      .prepare(),
    prune: orm
      .delete(activity)
      .where(lt(activity.minute, sql.placeholder('before')))
      .prepare(),
  };
}
