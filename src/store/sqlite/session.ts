// What every part of the SQLite store works with: the open file, its writer and its policy.
import { sql, type SQL } from '../../../db/drizzle.ts';
import type Database from 'better-sqlite3';
import type { JobChange, JobStoreOptions, WebhookHost } from '../job-store.ts';
import type { Activity } from './activity.ts';
import type { AuditWriter } from './audit.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { Counters } from './counters.ts';
import type { Orm } from './database.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Leases } from './leases.ts';
import { toStoreError } from './sqlite-errors.ts';
import type { SeenWorkers } from './workers.ts';

export interface Session {
  sqlite: Database.Database;
  orm: Orm;
  options: JobStoreOptions;
  commits: GroupCommit;
  checkpoints: Checkpoints;
  leases: Leases;
  workers: SeenWorkers;
  counters: Counters;
  activity: Activity;
  audit: AuditWriter;
  /** Tells the listeners; called after the commit only. */
  announce(change: JobChange): void;
  /** The same of a key that was revoked or rotated. */
  announceKey(keyId: string): void;
  /** The same of a delivery that is due. */
  announceWebhook(due: WebhookHost): void;
}

/** A named parameter of a prepared statement. */
export function param(name: string): SQL {
  return sql`${sql.placeholder(name)}`;
}

/** Holds for any value where the parameter is null. */
export function isOrAny(column: unknown, name: string): SQL {
  return sql`(${sql.placeholder(name)} is null or ${column} = ${sql.placeholder(name)})`;
}

/** Made when it is first asked for: to prepare each statement at a start takes an eighth of it. */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** Runs a read; SQLite's errors become ours. */
export async function read<T>(body: () => T): Promise<T> {
  try {
    return body();
  } catch (error) {
    throw toStoreError(error);
  }
}

/** The same of one that takes several turns of the event loop. */
export async function readInTurns<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw toStoreError(error);
  }
}
