// What a store tells those who watch over it: as it happens, and when asked.
import type { StatusCount } from './job-store.ts';

/** Why a running job was taken from its worker: silent, over its runtime, or past the cancel grace. */
export type LeaseLoss = 'lapsed' | 'timed_out' | 'cancel_grace';

/** Told as it happens, after the commit. It must not throw, and be quick: claims and commits wait for it. */
export interface StoreObserver {
  /** A group commit is on the disk: how many writes shared it, and how long it took, milliseconds. */
  committed(writes: number, ms: number): void;
  /** A claim was answered, with jobs or without, this many milliseconds after it came. */
  claimAnswered(ms: number): void;
  /** A job was given out which could have been for this many milliseconds. */
  claimed(endpoint: string, waitedMs: number): void;
  leaseLost(loss: LeaseLoss): void;
}

/** Since when a job of this endpoint could be claimed, epoch milliseconds: the one that waits longest. */
export interface OldestReady {
  endpoint: string;
  at: number;
}

/** How it stands with a whole store, over all tenants. */
export interface StoreMeasures {
  /** One for each endpoint, state and readiness. */
  counts: StatusCount[];
  /** Of the thousand busiest queues. */
  oldestReady: OldestReady[];
  /** Bytes of the database, of those in it that are free, and of its log. */
  databaseBytes: number;
  freeBytes: number;
  logBytes: number;
  /** False while new work is refused for want of room on the disk. */
  hasRoom: boolean;
}
