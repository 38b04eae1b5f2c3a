// The migrations: from the first version to this one, once, and whole or not at all.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { checkDatabase, openDatabase } from '../../../src/store/sqlite/database.ts';
import { findDatabaseFaults } from '../../crash/database-faults.ts';
import { madeByFirstVersion, MIGRATION_FILES } from './first-version.ts';
import { expectTruth, openTestStore, type World } from './world.ts';

const KILLED = fileURLToPath(new URL('killed-migration.ts', import.meta.url));

interface Journal {
  entries: { idx: number; when: number; tag: string }[];
}

const { entries } = JSON.parse(
  readFileSync(join(MIGRATION_FILES, 'meta/_journal.json'), 'utf8'),
) as Journal;

function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-migrations-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'jobgate.db');
}

/** The whole schema, and which migrations were applied how often. */
function versionOf(path: string): { schema: unknown[]; applied: unknown[] } {
  const sqlite = new Database(path);
  try {
    const tables = sqlite.prepare('select name, sql from sqlite_schema order by name').all();
    const kept = tables.some(
      (table) => (table as { name: string }).name === '__drizzle_migrations',
    );
    const applied = sqlite.prepare('select created_at from __drizzle_migrations').pluck();
    return { schema: tables, applied: kept ? applied.all() : [] };
  } finally {
    sqlite.close();
  }
}

/** Opens the database in a process that is killed before statement `at` of its migrations. */
async function openKilled(path: string, at: number): Promise<void> {
  const child = spawn(process.execPath, [KILLED, path, String(at)], { stdio: 'inherit' });
  const [, signal] = (await once(child, 'close')) as [unknown, unknown];
  expect(signal).toBe('SIGKILL');
}

async function expectNewest(path: string, world: World): Promise<void> {
  const store = openTestStore(path);
  await expectTruth(store, world);
  await store.close();
  const sqlite = new Database(path, { readonly: true });
  expect(findDatabaseFaults(sqlite)).toEqual([]);
  sqlite.close();
}

it('are in the order they were made in, which is how a file says which it has', () => {
  const times = entries.map(({ when }) => when);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(new Set(times).size).toBe(times.length);
});

it('bring a file of the first version to this one, once, with every row', async () => {
  const path = temporaryPath();
  const world = madeByFirstVersion(path);
  checkDatabase(path);
  await expectNewest(path, world);
  const upgraded = versionOf(path);
  expect(upgraded.applied).toEqual(entries.map(({ when }) => when));
  await expectNewest(path, world);
  expect(versionOf(path)).toEqual(upgraded);
  const made = temporaryPath();
  openDatabase(made).checkpoints.close();
  expect(versionOf(made)).toEqual(upgraded);
});

it('killed halfway leave the old version, and the next start brings the new one', async () => {
  const statements = entries.slice(1).flatMap(({ tag }) => statementsOf(tag)).length;
  const killedBefore = [1, Math.ceil(statements / 2), statements, statements + 1];
  const killed = killedBefore.map(async (at) => {
    const path = temporaryPath();
    const world = madeByFirstVersion(path);
    const old = versionOf(path);
    await openKilled(path, at);
    expect(versionOf(path)).toEqual(old);
    await expectNewest(path, world);
  });
  await Promise.all(killed);
});

it('killed halfway in a new file leave one that the next start makes whole', async () => {
  const path = temporaryPath();
  await openKilled(path, 20);
  await expectNewest(path, new Map());
});

function statementsOf(tag: string): string[] {
  const text = readFileSync(join(MIGRATION_FILES, `${tag}.sql`), 'utf8');
  return text.split('--> statement-breakpoint');
}
