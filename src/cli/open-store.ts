// The store as the configuration wants it.
import pkg from '#package.json' with { type: 'json' };
import type { Config } from '../config.ts';
import type { Clock } from '../contract/clock.ts';
import { retryDelayMs } from '../queue/backoff.ts';
import type { JobStore } from '../store/job-store.ts';
import type { StoreObserver } from '../store/store-observer.ts';
import { FileLock } from '../store/sqlite/file-lock.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** How long a worker may still run a job whose cancellation was requested. */
const CANCEL_GRACE_MS = 30_000;

/** Room kept on the disk for the reports of running jobs. */
const RESERVE_BYTES = 16 * 1024 * 1024;

/** The caller holds the file's lock. Throws StoreOpenError. */
export function openStore(config: Config, clock: Clock, observer?: StoreObserver): JobStore {
  return openSqliteStore(config.databasePath, {
    clock,
    pid: process.pid,
    buildNumber: pkg.version,
    maxQueueLength: config.maxQueueLength,
    retryDelayMs,
    cancelGraceMs: CANCEL_GRACE_MS,
    retentionMs: config.retentionDays * DAY_MS,
    reserveBytes: RESERVE_BYTES,
    observer,
  });
}

export interface LockedStore {
  store: JobStore;
  /** Closes the store and lets others have the file. */
  close(): Promise<void>;
}

/** For a command that opens the file itself. Throws StoreOpenError: `locked` names the gateway. */
export function openLockedStore(config: Config, clock: Clock): LockedStore {
  const lock = FileLock.acquire(config.databasePath, process.pid);
  try {
    const store = openStore(config, clock);
    const close = async () => {
      await store.close();
      lock.release();
    };
    return { store, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}
