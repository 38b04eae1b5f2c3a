// The lock file: one gateway per database, held by the kernel, so that a crash leaves none behind.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { StoreOpenError } from '../store-open-error.ts';
import { giveToOwner } from './file-owner.ts';
import { removeFile } from './remove-file.ts';
import { toOpenError } from './sqlite-errors.ts';

export interface LockHolder {
  pid: number;
  /** Where it answers; null until it listens, or when it is a command that does not. */
  url: string | null;
}

const lockPath = (dbPath: string) => `${dbPath}.lock`;
const holderPath = (dbPath: string) => `${dbPath}.holder`;

/**
 * An exclusive lock on `<database>.lock`, which is a tiny SQLite file: its lock is the kernel's,
 * so it ends with the process, and a reused process id can never keep a gateway from starting.
 * Who holds it stands in `<database>.holder`.
 */
export class FileLock {
  readonly #dbPath: string;
  readonly #pid: number;
  readonly #lock: Database.Database;

  private constructor(dbPath: string, pid: number, lock: Database.Database) {
    this.#dbPath = dbPath;
    this.#pid = pid;
    this.#lock = lock;
  }

  /** Throws StoreOpenError: `locked`, naming the holder, or why the file cannot be made. */
  static acquire(dbPath: string, pid: number): FileLock {
    try {
      mkdirSync(dirname(dbPath), { recursive: true });
      const lock = new FileLock(dbPath, pid, lockExclusively(lockPath(dbPath)));
      giveToOwner(dbPath, lockPath(dbPath));
      lock.#publishFirst();
      return lock;
    } catch (error) {
      if (isBusy(error)) throw lockedBy(dbPath);
      throw toOpenError(dbPath, error);
    }
  }

  /** A start that fails here must not keep the lock. */
  #publishFirst(): void {
    try {
      this.publish({ url: null });
    } catch (error) {
      this.#lock.close();
      throw error;
    }
  }

  /** Says where the holder answers, for commands that run beside it. */
  publish({ url }: { url: string | null }): void {
    const holder: LockHolder = { pid: this.#pid, url };
    writeFileSync(holderPath(this.#dbPath), `${JSON.stringify(holder)}\n`, { mode: 0o600 });
    giveToOwner(this.#dbPath, holderPath(this.#dbPath));
  }

  release(): void {
    removeFile(holderPath(this.#dbPath));
    this.#lock.close();
  }
}

/** Who holds the database; undefined when nobody does. Changes nothing. */
export function readLockHolder(dbPath: string): LockHolder | undefined {
  try {
    lockExclusively(lockPath(dbPath), { fileMustExist: true }).close();
    return undefined;
  } catch (error) {
    if (isBusy(error)) return readHolder(dbPath);
    return undefined;
  }
}

function lockExclusively(path: string, options: Database.Options = {}): Database.Database {
  const lock = new Database(path, { timeout: 0, ...options });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'SQLITE_BUSY';
}

function readHolder(dbPath: string): LockHolder {
  try {
    return JSON.parse(readFileSync(holderPath(dbPath), 'utf8')) as LockHolder;
  } catch {
    return { pid: 0, url: null };
  }
}

function lockedBy(dbPath: string): StoreOpenError {
  const { pid, url } = readHolder(dbPath);
  const who = pid ? `process ${pid}${url ? ` (${url})` : ''}` : 'another process';
  return new StoreOpenError(
    'locked',
    `The database ${dbPath} is held by ${who}: stop it, or name another file in DATABASE_URL`,
  );
}
