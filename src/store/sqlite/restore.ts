// The restore: a backup becomes the database; what was there before is kept beside it.
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { StoreOpenError } from '../store-open-error.ts';
import { proveBackup, sync } from './backup.ts';
import { checkDatabase } from './database.ts';
import { readLockHolder } from './file-lock.ts';
import { giveToOwner } from './file-owner.ts';
import { PageSums } from './page-sums.ts';
import { toOpenError } from './sqlite-errors.ts';

/** What belongs to one database. The sums and a log of another must never stand beside it. */
const SUFFIXES = ['-journal', '-wal', PageSums.pathOf(''), ''];

/**
 * Puts a copy of the backup in the place of the database at `path`, whose files are renamed to
 * `<path>.<keptAs>…` first. The caller holds the FileLock of `path`. Cut off in the middle it
 * leaves a database that refuses to start or none at all, never half of one, and may be run again.
 * Throws StoreOpenError; resolves to whether there was a database before.
 */
export function restore(backupPath: string, path: string, keptAs: string): boolean {
  refuseUnfit(backupPath, path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    return replace(backupPath, path, keptAs);
  } catch (error) {
    throw toRestoreError(path, error);
  }
}

function replace(backupPath: string, path: string, keptAs: string): boolean {
  const copy = `${path}.restoring`;
  try {
    copyChecked(backupPath, copy);
    return putInPlace(copy, path, keptAs);
  } finally {
    removeCopy(copy);
  }
}

function putInPlace(copy: string, path: string, keptAs: string): boolean {
  giveToOwner(path, copy);
  sync(copy);
  const moves = SUFFIXES.filter((suffix) => existsSync(path + suffix)).map((suffix): Move => [
    path + suffix,
    `${path}.${keptAs}${suffix}`,
  ]);
  rmSync(`${path}-shm`, { force: true });
  moveAll([...moves, [copy, path]]);
  sync(dirname(path));
  return moves.some(([from]) => from === path);
}

type Move = [from: string, to: string];

/** All or none, unless the process ends: without its database a start would begin an empty one. */
function moveAll(moves: readonly Move[]): void {
  const done: Move[] = [];
  try {
    for (const [from, to] of moves) {
      renameSync(from, to);
      done.push([from, to]);
    }
  } catch (error) {
    for (const [from, to] of done.toReversed()) renameSync(to, from);
    throw error;
  }
}

function toRestoreError(path: string, error: unknown): StoreOpenError {
  const told = toOpenError(path, error);
  if (told.fault !== 'disk_full') return told;
  return new StoreOpenError(
    'disk_full',
    `The disk of ${path} is too full for what is restored: free some space and restore again`,
    error,
  );
}

function refuseUnfit(backupPath: string, path: string): void {
  if (!existsSync(backupPath)) {
    throw new StoreOpenError('unusable', `The backup ${backupPath} does not exist`);
  }
  if (resolve(backupPath) === resolve(path)) {
    throw new StoreOpenError('unusable', `${backupPath} is the database itself: name a backup`);
  }
  if (statSync(backupPath).isDirectory()) {
    throw new StoreOpenError('unusable', `${backupPath} is a folder: name a backup in it`);
  }
  if (statSync(backupPath).size === 0) {
    throw new StoreOpenError('not_a_database', `The backup ${backupPath} is empty`);
  }
  refuseUnreadable(backupPath);
  // The log of a gateway that runs moves into its file while both are copied.
  if (readLockHolder(backupPath)) {
    throw new StoreOpenError(
      'locked',
      `${backupPath} is the database of a process that runs: stop it, or take a backup with jobgate backup`,
    );
  }
}

function refuseUnreadable(backupPath: string): void {
  try {
    accessSync(backupPath, constants.R_OK);
  } catch (error) {
    const text = `The backup ${backupPath} may not be read: give this user access to it`;
    throw new StoreOpenError('no_permission', text, error);
  }
}

/**
 * One whole file at `copy`, also of what a killed gateway left, whose last commits are in its log
 * alone. SQLite sees the copy only: it would write beside the backup, which may be where it cannot.
 */
function copyChecked(backupPath: string, copy: string): void {
  // The log that a restore which was cut off left is of another copy.
  removeCopy(copy);
  for (const suffix of SUFFIXES) {
    if (!existsSync(backupPath + suffix)) continue;
    copyFileSync(backupPath + suffix, copy + suffix);
    chmodSync(copy + suffix, 0o600);
  }
  refuseUnsound(copy, backupPath);
  moveLogIntoFile(copy);
  proveBackup(copy);
}

/** A file that is no whole database of ours, or of a newer version, changes nothing. */
function refuseUnsound(copy: string, backupPath: string): void {
  try {
    checkDatabase(copy);
  } catch (error) {
    const { fault, message } = error as StoreOpenError;
    throw new StoreOpenError(fault, message.replaceAll(copy, backupPath), error);
  }
}

function moveLogIntoFile(copy: string): void {
  const sqlite = new Database(copy);
  try {
    sqlite.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    sqlite.close();
  }
}

function removeCopy(copy: string): void {
  for (const suffix of [...SUFFIXES, '-shm']) rmSync(copy + suffix, { force: true });
}
