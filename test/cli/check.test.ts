// `jobgate check`: finds what a start would trip over, and changes nothing.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { STORE_EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { FileLock } from '../../src/store/sqlite/file-lock.ts';
import { jobgate, startServe, temporaryFolder } from './child.ts';

/** Every file of the folder with its bytes. */
function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder);
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(folder, name), 'base64')]),
  );
}

function newFolder() {
  const folder = temporaryFolder();
  return { folder, environment: { DATABASE_URL: `file:${join(folder, 'jobgate.db')}` } };
}

it('passes where nothing is yet, and makes nothing', async () => {
  const { folder, environment } = newFolder();
  const { code, stdout } = await jobgate(['check'], environment);
  expect(code).toBe(0);
  expect(stdout).toMatch(/will be made at the first start/);
  expect(readdirSync(folder)).toEqual([]);
});

it('looks at BACKUP_DIR, and makes it no more than the database', async () => {
  const { folder, environment } = newFolder();
  const checkWith = (dir: string) => jobgate(['check'], { ...environment, BACKUP_DIR: dir });
  const made = await checkWith(join(folder, 'backups'));
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/backups .*will be made/) });
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(await checkWith(file)).toMatchObject({
    code: STORE_EXIT_CODES.unusable,
    stderr: `BACKUP_DIR ${file} is not a folder: name another\n`,
  });
  expect(readdirSync(folder)).toEqual(['file']);
});

it('passes on a good database, and leaves every byte as it is', async () => {
  const { folder, environment } = newFolder();
  await jobgate(['keys', 'create', '--name', 'x', '--scopes', 'read'], environment);
  const before = contentOf(folder);
  const { code, stdout } = await jobgate(['check'], environment);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('is ok') });
  expect(contentOf(folder)).toEqual(before);
});

describe('beside a gateway that runs', () => {
  it('names it, and passes where this version could take over', async () => {
    const { folder, environment } = newFolder();
    const { url } = await startServe(environment);
    const before = readdirSync(folder);
    const { code, stdout } = await jobgate(['check'], { ...environment, PORT: new URL(url).port });
    expect(stdout).toContain(url);
    expect(stdout).toMatch(/^database .* can be taken over once that gateway has stopped$/m);
    expect(code).toBe(0);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('fails where that one is newer', async () => {
    const { folder, environment } = newFolder();
    await startServe(environment);
    const database = new Database(join(folder, 'jobgate.db'));
    database.exec("insert into __drizzle_migrations (hash, created_at) values ('x', 9e15)");
    database.close();
    expect(await jobgate(['check'], environment)).toMatchObject({
      code: STORE_EXIT_CODES.newer_version,
      stderr: expect.stringContaining('was written by a newer Jobgate'),
    });
  });

  it('fails where a command has the database and it cannot be looked at', async () => {
    const { folder, environment } = newFolder();
    const path = join(folder, 'jobgate.db');
    await jobgate(['keys', 'create', '--name', 'x', '--scopes', 'read'], environment);
    const lock = FileLock.acquire(path, process.pid);
    onTestFinished(() => lock.release());
    // Their names only: who reads the lock's file gives the lock up.
    const before = readdirSync(folder);
    expect(await jobgate(['check'], environment)).toMatchObject({
      code: STORE_EXIT_CODES.locked,
      stderr: `The database ${path} is being opened or closed, or is replaced: try again\n`,
    });
    expect(readdirSync(folder)).toEqual(before);
  });
});

it('fails as a start would, and leaves every byte as it is', async () => {
  const { folder, environment } = newFolder();
  writeFileSync(join(folder, 'jobgate.db'), 'these are my notes');
  const before = contentOf(folder);
  const { code, stderr } = await jobgate(['check'], environment);
  expect({ code, stderr }).toEqual({
    code: 11,
    stderr: expect.stringContaining('not an SQLite database'),
  });
  expect(contentOf(folder)).toEqual(before);
});

it('fails on a wrong variable', async () => {
  const { environment } = newFolder();
  const { code, stderr } = await jobgate(['check'], { ...environment, LOG_LEVEL: 'loud' });
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/^LOG_LEVEL /) });
});
