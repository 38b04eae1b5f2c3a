// The plans of every statement that a store prepares: as SQLite would run them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished, vi } from 'vitest';
import type * as Session from '../../../src/store/sqlite/session.ts';
import { openTestStore } from './world.ts';

export interface Plan {
  sql: string;
  /** One line a step. */
  steps: string[];
}

/** The statements that begin with `verb`, and how SQLite runs them on an empty database. */
export async function plansOf(verb: 'select' | 'update' | 'delete'): Promise<Plan[]> {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-plans-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'jobgate.db');
  await openTestStore(path).close();
  const openPrepared = await eagerStore();
  const prepare = vi.spyOn(Database.prototype, 'prepare');
  await openPrepared(path).close();
  const statements = new Set(prepare.mock.calls.map(([sql]) => sql));
  prepare.mockRestore();
  const sqlite = new Database(path, { readonly: true });
  onTestFinished(() => void sqlite.close());
  return [...statements]
    .filter((sql) => sql.toLowerCase().startsWith(`${verb} `))
    .map((sql) => ({ sql, steps: stepsOf(sqlite, sql) }));
}

/** Opens a store that prepares all when it is opened; ours does it when a statement is first used. */
async function eagerStore(): Promise<typeof openTestStore> {
  const module = '../../../src/store/sqlite/session.ts';
  vi.resetModules();
  vi.doMock(module, async (load) => ({ ...(await load<typeof Session>()), lazily: eagerly }));
  const world = await import('./world.ts');
  vi.doUnmock(module);
  return world.openTestStore;
}

function eagerly<T>(make: () => T): () => T {
  const made = make();
  return () => made;
}

function stepsOf(sqlite: Database.Database, sql: string): string[] {
  const rows = sqlite.prepare(`explain query plan ${sql}`);
  const parameters = Object.fromEntries(
    (sql.match(/[:@$]\w+/g) ?? []).map((p) => [p.slice(1), null]),
  );
  const marks = (sql.match(/\?/g) ?? []).map(() => null);
  const found = marks.length > 0 ? rows.all(...marks) : rows.all(parameters);
  return (found as { detail: string }[]).map(({ detail }) => detail);
}
