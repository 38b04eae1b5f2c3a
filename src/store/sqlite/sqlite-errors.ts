// What SQLite's error codes mean to us: at opening a StoreOpenError, while running a JobgateError.
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { JobgateError } from '../../contract/errors.ts';
import { StoreOpenError, type StoreFault } from '../store-open-error.ts';

/** The primary code of an SQLite error (`SQLITE_IOERR` of `SQLITE_IOERR_WRITE`), or a system one. */
function primaryCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string') return '';
  // The index of the log could not grow: a full disk, whatever SQLite calls it.
  if (code === 'SQLITE_IOERR_SHMSIZE') return 'SQLITE_FULL';
  return code.startsWith('SQLITE_') ? code.split('_', 2).join('_') : code;
}

const OPEN_FAULTS: Record<string, [StoreFault, string]> = {
  SQLITE_NOTADB: [
    'not_a_database',
    'is not an SQLite database, or is damaged: restore a backup, name another file in DATABASE_URL, or run jobgate salvage on it',
  ],
  SQLITE_CORRUPT: ['corrupt', 'is damaged: restore a backup, or run jobgate salvage on it'],
  SQLITE_READONLY: ['read_only', 'cannot be written: make it and its folder writable'],
  SQLITE_PERM: ['no_permission', 'may not be opened: give this user access to it and its folder'],
  SQLITE_CANTOPEN: [
    'no_permission',
    'cannot be opened: check that its folder exists and is writable',
  ],
  SQLITE_FULL: [
    'disk_full',
    'cannot be written, the disk is full: free some space and start again',
  ],
  SQLITE_BUSY: ['locked', 'is in use by another program: stop it and start again'],
  SQLITE_IOERR: ['unusable', 'cannot be read or written, the disk answers with an error'],
  EACCES: ['no_permission', 'may not be opened: give this user access to it and its folder'],
  EPERM: ['no_permission', 'may not be opened: give this user access to it and its folder'],
  EROFS: ['read_only', 'is on a read-only file system: name another file in DATABASE_URL'],
  ENOSPC: ['disk_full', 'cannot be written, the disk is full: free some space and start again'],
  EDQUOT: ['disk_full', 'cannot be written, the quota is used up: free some space and start again'],
  EEXIST: ['unusable', 'has a file where a folder must be in its path'],
  ENOTDIR: ['unusable', 'has a file where a folder must be in its path'],
  EISDIR: ['unusable', 'is a folder: name a file in DATABASE_URL'],
};

export function toOpenError(path: string, error: unknown): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const known = OPEN_FAULTS[reasonCode(path, error)];
  const [fault, text] = known ?? (['unusable', 'cannot be opened'] as const);
  const reason = known ? '' : ` (${error instanceof Error ? error.message : String(error)})`;
  return new StoreOpenError(fault, `The database ${path} ${text}${reason}`, error);
}

/** SQLite says of a file it may not make only that it cannot be opened; the folder knows why. */
function reasonCode(path: string, error: unknown): string {
  const code = primaryCode(error);
  if (code !== 'SQLITE_CANTOPEN') return code;
  try {
    accessSync(dirname(path), constants.W_OK);
    return code;
  } catch (refusal) {
    return primaryCode(refusal);
  }
}

/** Errors after which a later try may succeed: nothing was written. */
const PASSING = new Set([
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_BUSY',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_NOMEM',
]);

const RETRY_AFTER_SECONDS = 5;

/** Whether more room on the disk may let the same write pass. */
export function isDiskFull(error: unknown): boolean {
  // A quota that is used up is a write error to SQLite.
  const isWriteError = (error as { code?: unknown } | null)?.code === 'SQLITE_IOERR_WRITE';
  return isWriteError || primaryCode(error) === 'SQLITE_FULL';
}

/** Why new work is refused while there is no room for it. */
export function diskFull(cause?: unknown): JobgateError {
  return new JobgateError('unavailable', 'The job store is unavailable: its disk is full', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  });
}

/** Errors of ours pass through; SQLite's become `unavailable` or `internal`, the cause kept. */
export function toStoreError(error: unknown): unknown {
  const code = primaryCode(error);
  if (!code.startsWith('SQLITE_')) return error;
  if (!PASSING.has(code))
    return new JobgateError('internal', 'the job store is damaged', { cause: error });
  if (code === 'SQLITE_FULL') return diskFull(error);
  const reason = 'The job store is unavailable: it cannot be read or written now';
  return new JobgateError('unavailable', reason, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause: error,
  });
}
