// Reading a database that may not be ours: nothing of it changes, and nothing is left beside it.
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** SQLite makes these even for a reader, and a reader does not remove them again. */
export const MADE_BESIDE = ['-wal', '-shm'];

/** The largest page of SQLite: no more than one page is there before a new file has its log. */
const HALF_MADE_BYTES = 65_536;

export function readOnly<T>(path: string, body: (sqlite: Database.Database) => T): T {
  if (isHalfMade(path)) return onCopy(path, body);
  const made = MADE_BESIDE.filter((suffix) => !existsSync(path + suffix));
  const sqlite = new Database(path, { readonly: true, fileMustExist: true });
  try {
    return body(sqlite);
  } finally {
    sqlite.close();
    for (const suffix of made) rmSync(path + suffix, { force: true });
  }
}

/**
 * The same of a database that another process has open. What stands beside it is that process's: it
 * is neither made nor removed here. Undefined when it is not open now, and could not be read without.
 */
export function readBeside<T>(path: string, body: (sqlite: Database.Database) => T): T | undefined {
  if (!['', ...MADE_BESIDE].every((suffix) => existsSync(path + suffix))) return undefined;
  const sqlite = new Database(path, { readonly: true, fileMustExist: true });
  try {
    return body(sqlite);
  } finally {
    sqlite.close();
  }
}

/** Whether a crash during the first start left a rollback journal, which SQLite must write to undo. */
export function isHalfMade(path: string): boolean {
  return existsSync(`${path}-journal`) && statSync(path).size <= HALF_MADE_BYTES;
}

function onCopy<T>(path: string, body: (sqlite: Database.Database) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-check-'));
  const copy = join(folder, 'copy.db');
  try {
    for (const suffix of ['', '-journal']) copyFileSync(path + suffix, copy + suffix);
    const sqlite = new Database(copy);
    try {
      return body(sqlite);
    } finally {
      sqlite.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
