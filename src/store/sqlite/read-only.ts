// Reading a database that may not be ours: nothing of it changes, and nothing is left beside it.
import { existsSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';

/** SQLite makes these even for a reader, and a reader does not remove them again. */
const MADE_BESIDE = ['-wal', '-shm'];

export function readOnly<T>(path: string, body: (sqlite: Database.Database) => T): T {
  const made = MADE_BESIDE.filter((suffix) => !existsSync(path + suffix));
  const sqlite = new Database(path, { readonly: true, fileMustExist: true });
  try {
    return body(sqlite);
  } finally {
    sqlite.close();
    for (const suffix of made) rmSync(path + suffix, { force: true });
  }
}
