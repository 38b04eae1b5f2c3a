// The database file: opened safely, set up in the design's order, asserted, and migrated.
import { closeSync, existsSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { drizzle, type BetterSQLite3Database } from '../../../db/drizzle.ts';
import { StoreOpenError } from '../store-open-error.ts';
import { Checkpoints } from './checkpoints.ts';
import { giveToOwner } from './file-owner.ts';
import { appliedMigrations, applyMigrations, knownMigrations } from './migrations.ts';
import { PageSums } from './page-sums.ts';
import { isHalfMade, readBeside, readOnly } from './read-only.ts';
import { toOpenError } from './sqlite-errors.ts';
import { refuseBrokenLog, refuseDamaged, refuseEmptied } from './start-check.ts';
import { scanWal, type WalScan } from './wal-scan.ts';

export type Orm = BetterSQLite3Database;

export interface OpenDatabase {
  sqlite: Database.Database;
  orm: Orm;
  /** Closes the database, too. */
  checkpoints: Checkpoints;
}

/** Opens or makes the file, ready to use. Throws StoreOpenError and leaves the file as it was. */
export function openDatabase(path: string): OpenDatabase {
  const existed = existsSync(path);
  const isNew = !hasContent(path);
  try {
    const wal = refuseUnsuitable(path, isNew);
    return open(path, wal);
  } catch (error) {
    if (isNew && !existed) removeNewFile(path);
    throw toOpenError(path, error);
  }
}

/** The checks of `openDatabase`, without opening the file for writing. Throws StoreOpenError. */
export function checkDatabase(path: string): void {
  try {
    refuseUnsuitable(path, !hasContent(path));
  } catch (error) {
    throw toOpenError(path, error);
  }
}

/**
 * Of a database that another process has open: whether this version could take it over. Its pages
 * and its log change meanwhile and are not checked. Throws StoreOpenError, also `locked` when that
 * process does not have it open now.
 */
export function checkVersionBeside(path: string): void {
  try {
    const applied = readBeside(path, (sqlite) => ({ migrations: appliedMigrations(sqlite) }));
    if (!applied) {
      const text = `The database ${path} is being opened or closed, or is replaced: try again`;
      throw new StoreOpenError('locked', text);
    }
    refuseNewerOrForeign(path, applied.migrations);
  } catch (error) {
    throw toOpenError(path, error);
  }
}

/** `wal` is the log as the checks read it: they change nothing. */
function open(path: string, wal: WalScan): OpenDatabase {
  closeSync(openSync(path, 'a', 0o600));
  giveToOwner(path, path);
  const known = PageSums.open(path);
  // The log that a crash left is in the sums before SQLite may move it.
  known?.cover(wal);
  const sqlite = new Database(path);
  let close: () => unknown = () => sqlite.close();
  try {
    applyPragmas(sqlite);
    const sums = known ?? PageSums.make(path, scanWal(`${path}-wal`));
    const checkpoints = new Checkpoints(sqlite, sums);
    close = () => checkpoints.close();
    const orm = drizzle(sqlite);
    applyMigrations(sqlite);
    assertPragmas(sqlite);
    checkpoints.noteCommit();
    return { sqlite, orm, checkpoints };
  } catch (error) {
    close();
    throw error;
  }
}

/** In this order: auto_vacuum cannot be set any more once the file is in WAL mode. */
function applyPragmas(sqlite: Database.Database): void {
  sqlite.pragma('busy_timeout = 5000');
  // Set again it is written again, here without a sync: a power cut could take it from under others.
  if (sqlite.pragma('auto_vacuum', { simple: true }) !== INCREMENTAL) {
    sqlite.pragma('auto_vacuum = INCREMENTAL');
  }
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('wal_autocheckpoint = 0');
  sqlite.pragma('synchronous = FULL');
  sqlite.pragma('foreign_keys = ON');
  sqlite.pragma('mmap_size = 0');
  sqlite.pragma('trusted_schema = OFF');
  sqlite.pragma(`cache_size = -${CACHE_KIB}`);
  sqlite.pragma(`journal_size_limit = ${JOURNAL_SIZE_LIMIT_BYTES}`);
}

/** Holds the inner pages of every index at a million jobs. */
const CACHE_KIB = 32 * 1024;
const JOURNAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;

/** How `auto_vacuum` reads when it is set to INCREMENTAL. */
const INCREMENTAL = 2;

/** better-sqlite3 opens an existing WAL database with synchronous=NORMAL, which loses commits. */
const REQUIRED: Record<string, unknown> = {
  auto_vacuum: INCREMENTAL,
  journal_mode: 'wal',
  synchronous: 2,
  foreign_keys: 1,
  mmap_size: 0,
};

function assertPragmas(sqlite: Database.Database): void {
  for (const [name, required] of Object.entries(REQUIRED)) {
    const actual = sqlite.pragma(name, { simple: true });
    // No value at all: this build of SQLite has no mmap to switch off.
    if (actual === undefined && name === 'mmap_size') continue;
    if (actual !== required) {
      const message = `The database ${sqlite.name} has ${name}=${String(actual)} and needs ${String(required)}`;
      throw new StoreOpenError('unusable', message);
    }
  }
}

function hasContent(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0;
}

/** The log of one that is suitable. */
function refuseUnsuitable(path: string, isNew: boolean): WalScan {
  if (isNew) {
    refuseOrphanWal(path);
    refuseEmptied(path);
    return scanWal(`${path}-wal`);
  }
  if (statSync(path).isDirectory()) {
    throw new StoreOpenError(
      'unusable',
      `The database ${path} is a folder: name a file in DATABASE_URL`,
    );
  }
  // Of one that is half made not even the first bytes need be there.
  if (!isHalfMade(path)) refuseForeignFile(path);
  const wal = refuseBrokenLog(path);
  // Read only, so that a file we must not touch is not touched.
  refuseNewerOrForeign(path, readOnly(path, appliedMigrations));
  refuseDamaged(path, wal);
  return wal;
}

/** SQLite would delete a log whose database is gone, and start empty. */
function refuseOrphanWal(path: string): void {
  const wal = `${path}-wal`;
  if (!hasContent(wal)) return;
  throw new StoreOpenError(
    'orphan_wal',
    `The database ${path} is missing but its log ${wal} is there: put the database back, run jobgate salvage ${path}, or move the log away to start empty`,
  );
}

const SQLITE_MAGIC = 'SQLite format 3\0';

function refuseForeignFile(path: string): void {
  const header = Buffer.alloc(SQLITE_MAGIC.length);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  if (header.toString('latin1') !== SQLITE_MAGIC) {
    throw new StoreOpenError(
      'not_a_database',
      `The database ${path} is not an SQLite database, or its first bytes are damaged: restore a backup, run jobgate salvage ${path}, or name another file in DATABASE_URL`,
    );
  }
}

function refuseNewerOrForeign(path: string, applied: number[] | undefined): void {
  if (applied === undefined) {
    throw new StoreOpenError(
      'unusable',
      `The database ${path} belongs to another program: name another file in DATABASE_URL`,
    );
  }
  const known = knownMigrations();
  if (applied.some((when) => !known.has(when))) {
    throw new StoreOpenError(
      'newer_version',
      `The database ${path} was written by a newer Jobgate: upgrade Jobgate, or restore a backup from before its upgrade`,
    );
  }
}

/** What a failed start made of a new file; a log that was there before it stays. */
function removeNewFile(path: string): void {
  if (!existsSync(path) || !statSync(path).isFile()) return;
  for (const suffix of ['.sums', '-shm', '-wal', '']) rmSync(path + suffix, { force: true });
}
