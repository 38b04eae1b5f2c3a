// The migrations: applied once, all in one transaction, and which of them a file has.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { readMigrationFiles } from '../../../db/drizzle.ts';

/** By the package's own map: the built program lies elsewhere than its source. */
const JOURNAL = createRequire(import.meta.url).resolve('#migrations/meta/_journal.json');
const MIGRATIONS = dirname(dirname(JOURNAL));

/**
 * Brings the file from any earlier version to this one. One transaction for all: a process that is
 * killed leaves the old version, and the next start begins anew. It is what drizzle's own migrator
 * does, with better-sqlite3's transaction: on a full disk SQLite rolls back by itself, and drizzle's
 * ROLLBACK then fails and hides why.
 */
export function applyMigrations(sqlite: Database.Database): void {
  sqlite
    .transaction(() => {
      sqlite.exec(
        'create table if not exists __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)',
      );
      const applied = sqlite.prepare('select max(created_at) from __drizzle_migrations').pluck();
      const last = Number(applied.get() ?? 0);
      const record = sqlite.prepare(
        'insert into __drizzle_migrations (hash, created_at) values (?, ?)',
      );
      for (const { sql, hash, folderMillis } of readMigrationFiles({
        migrationsFolder: MIGRATIONS,
      })) {
        if (folderMillis <= last) continue;
        for (const statement of sql) sqlite.exec(statement);
        record.run(hash, folderMillis);
      }
    })
    .immediate();
}

/** When each applied migration was made; undefined when the file has tables but none of ours. */
export function appliedMigrations(sqlite: Database.Database): number[] | undefined {
  const tables = sqlite
    .prepare("select name from sqlite_schema where type = 'table'")
    .pluck()
    .all();
  if (tables.includes('__drizzle_migrations')) {
    return sqlite.prepare('select created_at from __drizzle_migrations').pluck().all().map(Number);
  }
  return tables.length === 0 ? [] : undefined;
}

/** When each migration that this Jobgate knows was made. */
export function knownMigrations(): Set<number> {
  const journal = JSON.parse(readFileSync(JOURNAL, 'utf8')) as {
    entries: { when: number }[];
  };
  return new Set(journal.entries.map(({ when }) => when));
}
