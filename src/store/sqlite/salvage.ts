// Salvage: what is whole in a damaged database, written to a new one that the gateway can start on.
import { existsSync, rmSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type Database from 'better-sqlite3';
import { StoreOpenError } from '../store-open-error.ts';
import { DamagedDatabase } from './damaged-database.ts';
import { openDatabase } from './database.ts';
import { PageSums } from './page-sums.ts';
import type { PageRow, Value } from './page-rows.ts';

export interface Salvaged {
  /** Rows written to the new database, by table. */
  saved: Record<string, number>;
  /** Jobs the damaged file had; undefined when what counts them is damaged, too. */
  jobsBefore: number | undefined;
  /** Rows that were found and are not whole: fields missing, or a checksum that fails. */
  brokenRows: number;
  /** Pages that are gone, or fail their checksum; how many rows were in them is not known. */
  lostPages: number;
}

/** Tables that are not copied: counted anew from the jobs, or the new file's own. */
const MADE_ANEW = ['counters', '__drizzle_migrations'];

/** Root page of SQLite's own table of tables, and what its columns are. */
const SCHEMA_ROOT = 1;

/**
 * Reads the database at `from` (and its log) without opening it through SQLite or writing to it, and
 * writes what is whole to a new one at `to`. The caller holds the FileLock of `from`. Throws
 * StoreOpenError when `to` exists or cannot be made, or when there is nothing of ours in `from`.
 */
export function salvage(from: string, to: string): Salvaged {
  refuseExisting(to);
  try {
    return writeWhole(from, to);
  } catch (error) {
    for (const suffix of ['', '-wal', '-shm', '.sums']) rmSync(to + suffix, { force: true });
    throw error;
  }
}

function refuseExisting(path: string): void {
  const inTheWay = [path, `${path}-wal`, PageSums.pathOf(path)].find((file) => existsSync(file));
  if (!inTheWay) return;
  throw new StoreOpenError('unusable', `${inTheWay} exists: name another file to salvage to`);
}

function writeWhole(from: string, to: string): Salvaged {
  const damaged = new DamagedDatabase(from);
  const { sqlite, checkpoints } = openDatabase(to);
  try {
    const target = new SalvageTarget(sqlite, readTables(damaged));
    // Rows come in the order of their pages: a job may come after its payload.
    sqlite.pragma('foreign_keys = OFF');
    sqlite.transaction(() => target.takeAll(damaged)).immediate();
    if (target.tablesFound === 0) throw nothingFound(from);
    const { brokenRows } = target;
    return {
      saved: target.countSaved(),
      jobsBefore: target.jobsBefore,
      brokenRows: brokenRows + damaged.lostRows,
      lostPages: damaged.lostPages,
    };
  } finally {
    checkpoints.close();
    damaged.close();
  }
}

function nothingFound(from: string): StoreOpenError {
  const message = `Nothing of a Jobgate database was found in ${from}: restore a backup`;
  return new StoreOpenError('not_a_database', message);
}

/** The tables by root page, as far as the damaged file still says. */
function readTables(damaged: DamagedDatabase): Map<number, string> {
  const tables = new Map<number, string>();
  for (const { root, values } of damaged.rows()) {
    const [type, name, , rootPage] = values;
    if (root === SCHEMA_ROOT && type === 'table') tables.set(Number(rootPage), String(name));
  }
  // They are read again with all the others.
  damaged.lostPages = 0;
  damaged.lostRows = 0;
  return tables;
}

/** Writes one row; false when it is not whole. */
type Take = (row: PageRow) => boolean;

class SalvageTarget {
  readonly #sqlite: Database.Database;
  readonly #tables: Map<number, string>;
  readonly #takes = new Map<string, Take>();
  #lastEvent = 0;
  readonly #found = new Set<string>();
  jobsBefore: number | undefined;
  brokenRows = 0;

  constructor(sqlite: Database.Database, tables: Map<number, string>) {
    this.#sqlite = sqlite;
    this.#tables = this.#withOwn(tables);
    for (const table of this.#ownTables()) {
      if (!MADE_ANEW.includes(table)) this.#takes.set(table, this.#prepare(table));
    }
  }

  get tablesFound(): number {
    return this.#found.size;
  }

  takeAll(damaged: DamagedDatabase): void {
    for (const row of damaged.rows()) this.#take(row, this.#tables.get(row.root) ?? '');
    this.#dropOrphans();
    this.#countAnew();
    this.#sqlite
      .prepare("update sqlite_sequence set seq = max(seq, ?) where name = 'events'")
      .run(this.#lastEvent);
  }

  countSaved(): Record<string, number> {
    const count = (table: string) =>
      Number(this.#sqlite.prepare(`select count(*) from "${table}"`).pluck().get());
    return Object.fromEntries([...this.#takes.keys()].map((table) => [table, count(table)]));
  }

  #take(row: PageRow, table: string): void {
    if (table === 'counters') this.jobsBefore = (this.jobsBefore ?? 0) + Number(row.values[4]);
    // Ids of events are never used twice, also of those that are lost.
    if (table === 'sqlite_sequence')
      this.#lastEvent = Math.max(this.#lastEvent, Number(row.values[1]));
    const take = this.#takes.get(table);
    if (!take) return;
    if (take(row)) this.#found.add(table);
    else this.brokenRows += 1;
  }

  /**
   * Where the damaged file does not say any more which table a root page is of, it is as in a new
   * one: an auto-vacuum database keeps its root pages first, in the order they were made.
   */
  #withOwn(found: Map<number, string>): Map<number, string> {
    const own = this.#sqlite.prepare(
      "select rootpage, name from sqlite_schema where type = 'table'",
    );
    const named = new Set(found.values());
    const missing = (own.raw().all() as [number, string][]).filter(([, name]) => !named.has(name));
    return new Map([...missing, ...found]);
  }

  #ownTables(): string[] {
    const ours = "select name from sqlite_schema where type = 'table' and name not like 'sqlite%'";
    return this.#sqlite.prepare(ours).pluck().all() as string[];
  }

  #prepare(table: string): Take {
    const columns = this.#sqlite.pragma(`table_info("${table}")`) as {
      name: string;
      type: string;
      pk: number;
    }[];
    const names = columns.map(({ name }) => `"${name}"`).join(', ');
    const marks = columns.map(() => '?').join(', ');
    const insert = this.#sqlite.prepare(`insert into "${table}" (${names}) values (${marks})`);
    const isKey = columns.map(({ type, pk }) => pk === 1 && type.toUpperCase() === 'INTEGER');
    const at = (name: string) => columns.findIndex((column) => column.name === name);
    const sums = CHECKSUMS[table]?.map(([crc, text]) => [at(crc), at(text)] as const) ?? [];
    return ({ rowid, values }) => {
      // The record of a row holds null where its rowid stands.
      const row = columns.map((_, i) =>
        isKey[i] && rowid !== undefined ? rowid : (values[i] ?? null),
      );
      return (
        sums.every(([crc, text]) => holds(row[text]!, row[crc]!)) && succeeds(() => insert.run(row))
      );
    };
  }

  /** A job without its payload is no job; what hangs on a job goes with it. */
  #dropOrphans(): void {
    const lost = this.#sqlite.prepare(
      'delete from jobs where seq not in (select seq from job_payloads)',
    );
    this.brokenRows += lost.run().changes;
    this.#sqlite
      .prepare('delete from idempotency_keys where job_id not in (select job_id from jobs)')
      .run();
    // What hangs on an orphan is one as well.
    let dropped = 1;
    while (dropped > 0) dropped = this.#dropUnreferenced();
  }

  #dropUnreferenced(): number {
    let dropped = 0;
    for (const table of this.#takes.keys()) {
      const references = this.#sqlite.pragma(`foreign_key_list("${table}")`) as {
        from: string;
        table: string;
        to: string;
      }[];
      for (const { from, table: parent, to } of references) {
        const orphans = `delete from "${table}" where "${from}" not in (select "${to}" from "${parent}")`;
        dropped += this.#sqlite.prepare(orphans).run().changes;
      }
    }
    return dropped;
  }

  #countAnew(): void {
    this.#sqlite.exec(
      'insert into counters select tenant, endpoint, status, ready, count(*) from jobs group by 1, 2, 3, 4',
    );
  }
}

/** Which texts have a CRC-32 of their own, by table. */
const CHECKSUMS: Record<string, [crc: string, text: string][]> = {
  jobs: [['result_crc', 'result']],
  job_payloads: [['crc', 'payload']],
};

function holds(text: Value, crc: Value): boolean {
  return text === null ? crc === null : typeof text === 'string' && crc32(text) === crc;
}

/** The CHECKs of the new tables are the last test of what is whole. */
function succeeds(body: () => unknown): boolean {
  try {
    body();
    return true;
  } catch (error) {
    if (String((error as { code?: unknown }).code).startsWith('SQLITE_CONSTRAINT')) return false;
    throw error;
  }
}
