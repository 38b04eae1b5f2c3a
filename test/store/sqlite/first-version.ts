// A database as the first version of Jobgate left it: its tables, and rows of all of them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { readMigrationFiles } from '../../../db/drizzle.ts';
import { ENDPOINT, TENANT, type World } from './world.ts';

export const MIGRATION_FILES = fileURLToPath(new URL('../../../db/migrations', import.meta.url));

const AT = Date.UTC(2026, 0, 5, 12);
const DONE = '0198b3a0-0000-7000-8000-000000000001';
const QUEUED = '0198b3a0-0000-7000-8000-000000000002';
const PAYLOAD = '{"media_url":"https://example.com/talk.mp3"}';
const RESULT = '"a transcript"';

/** Resolves to what is true of its jobs, in every later version too. */
export function madeByFirstVersion(path: string): World {
  const sqlite = new Database(path);
  sqlite.pragma('auto_vacuum = INCREMENTAL');
  sqlite.pragma('journal_mode = WAL');
  sqlite.transaction(() => fill(sqlite))();
  sqlite.close();
  const job = { id: 'first', payload: PAYLOAD, result: null, message: null };
  return new Map([
    [DONE, { ...job, status: 'done', result: RESULT, message: 'success' }],
    [QUEUED, { ...job, status: 'queued' }],
  ]);
}

function fill(sqlite: Database.Database): void {
  sqlite.exec(readFileSync(join(MIGRATION_FILES, '0000_first.sql'), 'utf8'));
  sqlite.exec(
    'create table __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)',
  );
  const [first] = readMigrationFiles({ migrationsFolder: MIGRATION_FILES });
  const { hash, folderMillis } = first!;
  insert(sqlite, '__drizzle_migrations', { hash, created_at: folderMillis });
  insert(sqlite, 'meta', { key: 'queue_id', value: '140368864456064' });
  const owned = { tenant: TENANT, endpoint: ENDPOINT };
  for (const [i, jobId] of [DONE, QUEUED].entries()) {
    const seq = i + 1;
    const status = jobId === DONE ? 'done' : 'queued';
    insert(sqlite, 'jobs', { seq, job_id: jobId, ...owned, ...jobFields(status) });
    insert(sqlite, 'job_payloads', { seq, crc: crc32(PAYLOAD), payload: PAYLOAD });
    insert(sqlite, 'counters', { ...owned, status, ready: status === 'queued' ? 1 : 0, n: 1 });
    const event = { tenant: TENANT, job_seq: seq, job_id: jobId, version: 1, kind: 'queued' };
    insert(sqlite, 'events', { ...event, at: AT, data: '{}' });
  }
  insert(sqlite, 'attempts', { ...ATTEMPT, job_seq: 1, fence: 1 });
  insert(sqlite, 'activity', { ...owned, minute: AT / 60_000, ...ACTIVITY });
  const keyed = { tenant: TENANT, key: 'order-17', digest: 'd', job_id: QUEUED };
  insert(sqlite, 'idempotency_keys', { ...keyed, expires_at: AT + 86_400_000 });
  insert(sqlite, 'keys', { ...KEY, tenant: TENANT });
}

const ATTEMPT = { worker_id: 'w', started_at: AT, ended_at: AT + 5000, outcome: 'done' };
const ACTIVITY = { submitted: 2, done: 1, failed: 0, cancelled: 0, run_ms: 5000 };
const KEY = {
  key_id: 'abcdefghijkl',
  name: 'first',
  secret_hash: Buffer.alloc(32, 7),
  scopes: '["admin"]',
  created_at: AT,
};

const JOB = {
  id: 'first',
  priority: 0,
  run_at: AT,
  attempt: 1,
  max_attempts: 3,
  lost_leases: 0,
  max_lost_leases: 3,
  max_runtime_seconds: 3600,
  created_at: AT,
};

const ENDED = {
  fence: 1,
  lease_token: 'token',
  worker_id: 'w',
  started_at: AT,
  ended_at: AT + 5000,
  end_code: 200,
  end_message: 'success',
  end_pid: 4711,
  end_total_ms: 5000,
  end_run_ms: 5000,
  end_queue_length: 1,
  end_build_number: '1.0.0',
  result_crc: crc32(RESULT),
  result: RESULT,
};

function jobFields(status: 'done' | 'queued'): Record<string, unknown> {
  if (status === 'queued') {
    return { ...JOB, status, ready: 1, version: 1, fence: 0, updated_at: AT };
  }
  return { ...JOB, ...ENDED, status, ready: 0, version: 3, updated_at: AT + 5000 };
}

function insert(sqlite: Database.Database, table: string, row: Record<string, unknown>): void {
  const names = Object.keys(row);
  const values = names.map((name) => `@${name}`).join(', ');
  sqlite.prepare(`insert into ${table} (${names.join(', ')}) values (${values})`).run(row);
}
