// The lock: one process holds a database, is named to the others, and leaves none behind.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FileLock, readLockHolder } from '../../../src/store/sqlite/file-lock.ts';

const LOCK = new URL('../../../src/store/sqlite/file-lock.ts', import.meta.url).href;
const URL_OF_HOLDER = 'http://127.0.0.1:8080';

function databasePath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'jobgate.db');
}

/** Another process that holds the lock; killed after the test. */
async function holderOf(path: string): Promise<ChildProcess> {
  const script = `
    const { FileLock } = await import('${LOCK}');
    const lock = FileLock.acquire(process.argv[1], process.pid);
    lock.publish({ url: '${URL_OF_HOLDER}' });
    console.log('held');
    setInterval(() => lock, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

it('a second process is refused, and told who holds it', async () => {
  const path = databasePath();
  const child = await holderOf(path);
  expect(readLockHolder(path)).toEqual({ pid: child.pid, url: URL_OF_HOLDER });
  expect(() => FileLock.acquire(path, 1)).toThrow(
    expect.objectContaining({
      fault: 'locked',
      message: `The database ${path} is held by process ${child.pid} (${URL_OF_HOLDER}): stop it, or name another file in DATABASE_URL`,
    }),
  );
  // And the refused one has not taken it away.
  expect(readLockHolder(path)?.pid).toBe(child.pid);
});

it('is gone with the process that held it, however that ended', async () => {
  const path = databasePath();
  await kill(await holderOf(path));
  expect(readLockHolder(path)).toBeUndefined();
  const lock = FileLock.acquire(path, 7);
  expect(readLockHolder(path)).toEqual({ pid: 7, url: null });
  lock.release();
});

it('a second one in the same process is refused, too', () => {
  const path = databasePath();
  const lock = FileLock.acquire(path, 7);
  expect(() => FileLock.acquire(path, 8)).toThrow(/held by process 7: /);
  lock.release();
  FileLock.acquire(path, 8).release();
  expect(existsSync(`${path}.holder`)).toBe(false);
});

it('asking who holds it changes nothing', () => {
  const path = databasePath();
  const folder = join(path, '..');
  expect(readLockHolder(path)).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
  FileLock.acquire(path, 7).release();
  const before = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs]);
  for (let i = 0; i < 10; i += 1) expect(readLockHolder(path)).toBeUndefined();
  const after = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs]);
  expect(after).toEqual(before);
  FileLock.acquire(path, 8).release();
});

it('makes the folder of a database that is to be', () => {
  const path = join(databasePath(), '..', 'a', 'b', 'jobgate.db');
  FileLock.acquire(path, 7).release();
  expect(existsSync(join(path, '..'))).toBe(true);
});

it('a start that cannot say who it is does not keep the lock', () => {
  const path = databasePath();
  mkdirSync(`${path}.holder`);
  expect(() => FileLock.acquire(path, 7)).toThrow(expect.objectContaining({ fault: 'unusable' }));
  rmSync(`${path}.holder`, { recursive: true });
  FileLock.acquire(path, 8).release();
});
