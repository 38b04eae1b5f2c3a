// The backup: a whole copy of the database as it was at one moment, proven before it is called good.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { StoreOpenError } from '../store-open-error.ts';
import { MADE_BESIDE } from './read-only.ts';
import { isDiskFull, toOpenError } from './sqlite-errors.ts';

export interface Backup {
  path: string;
  bytes: number;
  jobs: number;
}

/** More pages than any file has: the copy is one step, so that it is of one moment. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Copies the database at `from` to the new file `to`, also beside a gateway that writes: the copy
 * is read from a snapshot by a connection of its own, so that the gateway waits for nothing; only
 * its log grows meanwhile. The copy must pass SQLite's check and have the snapshot's rows, by their
 * SHA-256, before it gets its name. Throws StoreOpenError; then there is no file at `to`.
 */
export async function backup(from: string, to: string): Promise<Backup> {
  refuseMissing(from);
  refuseTaken(to);
  const partial = `${to}.partial`;
  try {
    // Like the database: what is in it is for its owner only.
    closeSync(openSync(partial, 'w', 0o600));
    await copyProven(from, partial);
    const { size: bytes } = statSync(partial);
    const jobs = onFile(partial, (sqlite) => countJobs(sqlite));
    settle(partial, to);
    return { path: to, bytes, jobs };
  } catch (error) {
    throw toBackupError(to, error);
  } finally {
    for (const suffix of ['', '-journal', ...MADE_BESIDE])
      rmSync(partial + suffix, { force: true });
  }
}

/** Throws `corrupt` when SQLite finds a fault in the file, or another content than `digest`. */
export function proveBackup(path: string, digest?: string): void {
  const fault = onFile(path, (sqlite) => {
    const found = sqlite.pragma('quick_check(1)', { simple: true });
    if (found !== 'ok') return 'SQLite finds faults in it';
    return digest !== undefined && digestOf(sqlite) !== digest ? 'its rows differ' : undefined;
  });
  if (fault) throw new StoreOpenError('corrupt', `The copy ${path} is not whole: ${fault}`);
}

async function copyProven(from: string, partial: string): Promise<void> {
  const source = new Database(from, { readonly: true, fileMustExist: true });
  try {
    // From the first read to the end of the transaction it sees one moment.
    source.exec('BEGIN');
    const digest = digestOf(source);
    await source.backup(partial, { progress: () => ALL_PAGES });
    proveBackup(partial, digest);
  } finally {
    source.close();
  }
}

/** Of every row of every table, in the order of their keys. */
function digestOf(sqlite: Database.Database): string {
  const hash = createHash('sha256');
  for (const table of tablesOf(sqlite)) {
    hash.update(`${table}\n`);
    const rows = sqlite.prepare(`select * from "${table}"`).raw().iterate();
    for (const row of rows) hash.update(JSON.stringify(row));
  }
  return hash.digest('base64url');
}

function tablesOf(sqlite: Database.Database): string[] {
  return sqlite
    .prepare("select name from sqlite_schema where type = 'table' order by name")
    .pluck()
    .all() as string[];
}

function countJobs(sqlite: Database.Database): number {
  return sqlite.prepare('select count(*) from jobs').pluck().get() as number;
}

function onFile<T>(path: string, body: (sqlite: Database.Database) => T): T {
  const sqlite = new Database(path, { readonly: true, fileMustExist: true });
  try {
    return body(sqlite);
  } finally {
    sqlite.close();
  }
}

/** On the disk before it has its name, and the name on the disk before it is called good. */
function settle(partial: string, to: string): void {
  sync(partial);
  renameSync(partial, to);
  sync(dirname(to));
}

export function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function refuseMissing(from: string): void {
  if (existsSync(from)) return;
  throw new StoreOpenError('unusable', `The database ${from} does not exist: check DATABASE_URL`);
}

function refuseTaken(to: string): void {
  if (!existsSync(to)) return;
  throw new StoreOpenError('unusable', `${to} exists: name another file for the backup`);
}

function toBackupError(to: string, error: unknown): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const folder = dirname(to);
  if (!existsSync(folder)) {
    return new StoreOpenError('unusable', `The folder ${folder} does not exist: make it first`);
  }
  if (!isDiskFull(error)) return toOpenError(to, error);
  return new StoreOpenError('disk_full', `The disk is too full for the backup ${to}`, error);
}
