// The restore: a backup becomes the database; what was there before is kept beside it.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StoreOpenError } from '../store-open-error.ts';
import { proveBackup, settle } from './backup.ts';
import { checkDatabase } from './database.ts';
import { PageSums } from './page-sums.ts';

/** What belongs to one database. The sums and the log of another must never stand beside it. */
const SUFFIXES = ['-wal', PageSums.pathOf(''), ''];

/**
 * Puts a copy of the backup in the place of the database at `path`, whose files are renamed to
 * `<path>.<keptAs>…` first. The caller holds the FileLock of `path`. Cut off in the middle it
 * leaves a database that refuses to start or none at all, never half of one, and may be run again.
 * Throws StoreOpenError; resolves to whether there was a database before.
 */
export function restore(backupPath: string, path: string, keptAs: string): boolean {
  refuseUnfit(backupPath, path);
  mkdirSync(dirname(path), { recursive: true });
  const copy = `${path}.restoring`;
  copyFileSync(backupPath, copy);
  chmodSync(copy, 0o600);
  proveBackup(copy);
  removeBeside(copy);
  const before = SUFFIXES.filter((suffix) => existsSync(path + suffix));
  for (const suffix of before) renameSync(path + suffix, `${path}.${keptAs}${suffix}`);
  rmSync(`${path}-shm`, { force: true });
  settle(copy, path);
  return before.includes('');
}

/** A file that is no whole database of ours, or of a newer version, changes nothing. */
function refuseUnfit(backupPath: string, path: string): void {
  if (!existsSync(backupPath)) {
    throw new StoreOpenError('unusable', `The backup ${backupPath} does not exist`);
  }
  if (resolve(backupPath) === resolve(path)) {
    throw new StoreOpenError('unusable', `${backupPath} is the database itself: name a backup`);
  }
  if (statSync(backupPath).size === 0) {
    throw new StoreOpenError('not_a_database', `The backup ${backupPath} is empty`);
  }
  checkDatabase(backupPath);
}

function removeBeside(copy: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(copy + suffix, { force: true });
}
