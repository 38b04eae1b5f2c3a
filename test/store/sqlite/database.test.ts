// The database file: how it is set up, and that a file which cannot be used is left as it was.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreOpenError, type StoreFault } from '../../../src/store/store-open-error.ts';
import { checkDatabase, openDatabase } from '../../../src/store/sqlite/database.ts';
import { openTestStore, newJob, TENANT } from './world.ts';

/** A path for a database in a folder that is gone after the test. */
function databasePath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-database-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'jobgate.db');
}

function opened(path: string): Database.Database {
  const { sqlite, checkpoints } = openDatabase(path);
  onTestFinished(() => checkpoints.close());
  return sqlite;
}

/** A closed database with one job in it. */
async function existing(): Promise<string> {
  const path = databasePath();
  const store = openTestStore(path);
  await store.submit([newJob({ a: 1 })]);
  await store.close();
  return path;
}

/** Every file beside the database, byte for byte. */
function filesBeside(path: string): Record<string, string> {
  const folder = join(path, '..');
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true }).map((entry) => [
      entry.name,
      entry.isFile() ? readFileSync(join(folder, entry.name), 'latin1') : 'a folder',
    ]),
  );
}

/** Opening and checking are refused for the reason, in one line, and nothing on the disk changes. */
function expectRefused(path: string, fault: StoreFault): void {
  const before = filesBeside(path);
  for (const open of [() => openTestStore(path), () => checkDatabase(path)]) {
    const error = errorOf(open);
    expect(error).toBeInstanceOf(StoreOpenError);
    expect((error as StoreOpenError).fault).toBe(fault);
    const { message } = error as StoreOpenError;
    expect(message).toContain(path);
    expect(message).not.toContain('\n');
    const after = filesBeside(path);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(after).toEqual(before);
  }
}

function errorOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** SQLite's rollback journal of a file that was empty before: to undo is to cut it to nothing. */
function journalOfNewFile(): Buffer {
  const journal = Buffer.alloc(512);
  journal.write('d9d505f920a163d7', 'hex');
  // No page is in it; nonce; 0 pages before; sectors of 512 and pages of 4,096 bytes.
  for (const [i, word] of [0, 1, 0, 512, 4096].entries()) journal.writeUInt32BE(word, 8 + 4 * i);
  return journal;
}

const PRAGMAS = {
  auto_vacuum: 2,
  journal_mode: 'wal',
  synchronous: 2,
  foreign_keys: 1,
  trusted_schema: 0,
  busy_timeout: 5000,
};

describe('a file that is opened', () => {
  it.each(['new', 'existing'])('has every setting it needs: %s', async (kind) => {
    const sqlite = opened(kind === 'new' ? databasePath() : await existing());
    for (const [name, value] of Object.entries(PRAGMAS)) {
      expect([name, sqlite.pragma(name, { simple: true })]).toEqual([name, value]);
    }
    expect(sqlite.pragma('mmap_size', { simple: true }) ?? 0).toBe(0);
  });

  it('can be read by its owner only', () => {
    const path = databasePath();
    opened(path);
    for (const suffix of ['', '-wal', '-shm']) {
      expect([suffix, statSync(path + suffix).mode & 0o777]).toEqual([suffix, 0o600]);
    }
  });

  it('is not written until there is something to write', async () => {
    const path = await existing();
    opened(path);
    expect(statSync(`${path}-wal`).size).toBe(0);
  });

  it.each([
    ['not there', Buffer.alloc(4096)],
    ['there', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4080)])],
  ])('may be half made, its first bytes %s: a crash of the first start', (_, content) => {
    const path = databasePath();
    writeFileSync(path, content);
    writeFileSync(`${path}-journal`, journalOfNewFile());
    checkDatabase(path);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(opened(path).prepare('select count(*) from jobs').pluck().get()).toBe(0);
  });

  it('may be an empty file', () => {
    const path = databasePath();
    writeFileSync(path, '');
    expect(opened(path).prepare('select count(*) from jobs').pluck().get()).toBe(0);
  });

  it('without auto_vacuum is refused: it could never give space back', () => {
    const path = databasePath();
    const other = new Database(path);
    other.exec('create table __drizzle_migrations (id, hash, created_at numeric)');
    other.close();
    expect(errorOf(() => openDatabase(path))).toMatchObject({ fault: 'unusable' });
  });

  it('is still ours when another program has read it', async () => {
    const path = databasePath();
    const store = openTestStore(path);
    onTestFinished(() => store.close());
    await store.submit([newJob({ a: 1 })]);
    const { ino } = statSync(`${path}-wal`);
    const read = `
      import Database from 'better-sqlite3';
      const sqlite = new Database(process.argv[1]);
      console.log(sqlite.prepare('select count(*) from jobs').pluck().get());
      sqlite.close();`;
    const args = ['--input-type=module', '-e', read, path];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('1\n');
    // A reader that found no lock would have taken the log for its own and removed it.
    expect(statSync(`${path}-wal`).ino).toBe(ino);
  });
});

describe('the tables', () => {
  it('are strict', () => {
    const tables = opened(databasePath()).pragma('table_list') as Table[];
    const loose = tables.filter(({ name, strict }) => !FOREIGN.test(name) && strict !== 1);
    expect(tables.length).toBeGreaterThan(8);
    expect(loose.map(({ name }) => name)).toEqual([]);
  });

  const job: Record<string, unknown> = {
    job_id: '01936d5c-0000-7000-8000-000000000000',
    tenant: 'acme',
    endpoint: '/v1/a',
    status: 'queued',
    ready: 1,
    version: 1,
    priority: 0,
    run_at: 0,
    attempt: 1,
    max_attempts: 3,
    lost_leases: 0,
    max_lost_leases: 3,
    max_runtime_seconds: 60,
    fence: 0,
    created_at: 0,
    updated_at: 0,
  };

  function insertJob(sqlite: Database.Database, changes: Record<string, unknown> = {}): void {
    const row = { ...job, ...changes };
    const names = Object.keys(row);
    const sql = `insert into jobs (${names.join()}) values (${names.map((name) => `@${name}`).join()})`;
    sqlite.prepare(sql).run(row);
  }

  const end = {
    ready: 0,
    ended_at: 1,
    end_code: 200,
    end_message: 'success',
    end_pid: 1,
    end_total_ms: 1,
    end_run_ms: 1,
    end_queue_length: 0,
    end_build_number: '1',
  };
  const running = {
    status: 'running',
    ready: 0,
    lease_token: 'token',
    worker_id: 'w',
    started_at: 1,
    fence: 1,
  };

  it.each([
    ['a waiting job', {}],
    ['a running job', running],
    ['a done job', { ...end, status: 'done', result: 'null', result_crc: 1 }],
    ['a failed job', { ...end, status: 'failed' }],
  ])('take %s', (_name, changes) => {
    expect(() => insertJob(opened(databasePath()), changes)).not.toThrow();
  });

  it.each([
    ['a state there is not', { status: 'paused', ready: 0 }],
    ['a number where a text must be', { endpoint: null }],
    ['a text where a number must be', { version: 'one' }],
    ['a ready job that is running', { ...running, ready: 1 }],
    ['a ready of 2', { ready: 2 }],
    ['a version of 0', { version: 0 }],
    ['a fence below 0', { fence: -1 }],
    ['a priority of 101', { priority: 101 }],
    ['an attempt of 0', { attempt: 0 }],
    ['an attempt over the limit', { attempt: 4 }],
    ['a running job without a token', { ...running, lease_token: null }],
    ['a running job without a worker', { ...running, worker_id: null }],
    ['a running job that no claim gave out', { ...running, fence: 0 }],
    ['a done job without an end', { status: 'done', ready: 0, result: '1', result_crc: 1 }],
    ['a failed job without a message', { ...end, status: 'failed', end_message: null }],
    ['a waiting job with an end', { ...end, ready: 1 }],
    ['a done job without a result', { ...end, status: 'done' }],
    ['a failed job with a result', { ...end, status: 'failed', result: '1', result_crc: 1 }],
    ['a result without a checksum', { ...end, status: 'done', result: '1' }],
  ])('refuse %s', (_name, changes) => {
    const sqlite = opened(databasePath());
    expect(() => insertJob(sqlite, changes)).toThrow(/constraint failed|cannot store/);
    expect(sqlite.prepare('select count(*) from jobs').pluck().get()).toBe(0);
  });

  it('refuse the same job twice', () => {
    const sqlite = opened(databasePath());
    insertJob(sqlite);
    expect(() => insertJob(sqlite)).toThrow(/UNIQUE/);
  });

  it.each([
    "insert into attempts values (99, 1, 'w', null, 1, null, null, null)",
    "insert into job_payloads values (99, 1, '{}')",
    "insert into events values (1, 't', 99, 'j', 1, 'queued', 1, '{}')",
    "insert into counters values ('t', '/v1/a', 'queued', 1, 0)",
    "insert into keys (key_id, tenant, name, secret_hash, scopes, created_at) values ('k', 't', 'n', x'00', 'read', 1)",
  ])('refuse %s', (sql) => {
    const sqlite = opened(databasePath());
    expect(() => sqlite.exec(sql)).toThrow(/constraint failed/);
  });
});

interface Table {
  name: string;
  strict: number;
}

/** Tables of SQLite, and the migrations' own. */
const FOREIGN = /^(sqlite_|__drizzle)/;

describe('a file that cannot be used is refused and left as it was', () => {
  it('of a newer Jobgate', async () => {
    const path = await existing();
    const sqlite = new Database(path);
    sqlite.exec("insert into __drizzle_migrations values (99, 'hash', 4102444800000)");
    sqlite.close();
    rmSync(`${path}.sums`, { force: true });
    expectRefused(path, 'newer_version');
  });

  it('of another program', () => {
    const path = databasePath();
    const sqlite = new Database(path);
    sqlite.exec('create table theirs (a)');
    sqlite.close();
    expectRefused(path, 'unusable');
  });

  it('of another program, in WAL mode', () => {
    const path = databasePath();
    const sqlite = new Database(path);
    sqlite.pragma('journal_mode = WAL');
    sqlite.exec('create table theirs (a)');
    sqlite.close();
    expectRefused(path, 'unusable');
  });

  it.each(['x', 'hello world\n'.repeat(1000), '\0'.repeat(8192)])('no database', (text) => {
    const path = databasePath();
    writeFileSync(path, text);
    expectRefused(path, 'not_a_database');
  });

  it('with a header and garbage behind it', () => {
    const path = databasePath();
    writeFileSync(path, `SQLite format 3\0${'garbage '.repeat(2000)}`);
    expectRefused(path, 'not_a_database');
  });

  it.each([1, 2, 3])('cut by %i quarters', async (quarters) => {
    const path = await existing();
    truncateSync(path, Math.floor((statSync(path).size * (4 - quarters)) / 4));
    expectRefused(path, 'corrupt');
  });

  it('cut, with no sums of its pages beside it', async () => {
    const path = await existing();
    rmSync(`${path}.sums`, { force: true });
    truncateSync(path, 4096 * 4);
    expectRefused(path, 'corrupt');
  });

  it('a folder', () => {
    const path = databasePath();
    mkdirSync(path);
    expectRefused(path, 'unusable');
  });

  it('a log without its database', async () => {
    const path = databasePath();
    const store = openTestStore(path);
    await store.submit([newJob({ a: 1 })]);
    const log = readFileSync(`${path}-wal`);
    await store.close();
    rmSync(path);
    rmSync(`${path}.sums`, { force: true });
    writeFileSync(`${path}-wal`, log);
    expectRefused(path, 'orphan_wal');
  });

  it('a log beside an empty database', () => {
    const path = databasePath();
    writeFileSync(path, '');
    writeFileSync(`${path}-wal`, 'frames');
    expectRefused(path, 'orphan_wal');
  });

  it('a folder that is missing', () => {
    const path = join(databasePath(), 'jobgate.db');
    const error = errorOf(() => openTestStore(path));
    expect(error).toBeInstanceOf(StoreOpenError);
    expect(existsSync(join(path, '..'))).toBe(false);
  });
});

describe('a file that this user may not write', () => {
  const MAKERS: [string, StoreFault, (path: string) => void][] = [
    ['the file', 'read_only', (path) => chmodSync(path, 0o444)],
    ['its folder', 'read_only', (path) => chmodSync(join(path, '..'), 0o555)],
    ['nor read', 'no_permission', (path) => chmodSync(path, 0o000)],
  ];

  it.each(MAKERS)('%s: %s', async (_name, _fault, forbid) => {
    const path = await existing();
    forbid(path);
    const before = filesAsRoot(path);
    const answer = openAsNobody(path);
    chmodSync(join(path, '..'), 0o755);
    expect(answer).toMatch(/^(read_only|no_permission) The database /);
    expect(answer.trim()).not.toContain('\n');
    expect(filesAsRoot(path)).toEqual(before);
  });

  /** The owner could always change the mode back: this test must not be one that cannot fail. */
  const filesAsRoot = (path: string) => {
    const { mode } = statSync(path);
    if (process.getuid?.() !== 0) chmodSync(path, 0o600);
    const files = filesBeside(path);
    chmodSync(path, mode & 0o777);
    return files;
  };
});

const OPENER = new URL('../../../src/store/sqlite/sqlite-store.ts', import.meta.url).href;

/** Opens the store as a user who owns nothing (root may write everything); `fault message`. */
function openAsNobody(path: string): string {
  const script = `
    const { openSqliteStore } = await import('${OPENER}');
    try {
      if (process.getuid() === 0) process.setuid(65534);
      const clock = { now: () => 1, monotonic: () => 1 };
      const store = openSqliteStore(process.argv[1], { clock, pid: 1, buildNumber: '1',
        maxQueueLength: 0, retryDelayMs: () => 1, cancelGraceMs: 1, retentionMs: 0 });
      await store.close();
      console.log('opened');
    } catch (error) {
      console.log(error.fault, error.message);
    }`;
  const folder = join(path, '..');
  const { mode } = statSync(folder);
  // A temporary folder is its owner's only: let the other user come as far as the file.
  chmodSync(folder, (mode & 0o777) | 0o055);
  return execFileSync(process.execPath, ['--input-type=module', '-e', script, path], {
    encoding: 'utf8',
  });
}

describe('a database that is there', () => {
  it('keeps its rows when it is opened again', async () => {
    const store = openTestStore(await existing());
    onTestFinished(() => store.close());
    expect(await store.queueLength(TENANT)).toBe(1);
  });
});
