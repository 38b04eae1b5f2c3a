// The owner of files: what root makes beside another user's database is of that user.
import {
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backup } from '../../../src/store/sqlite/backup.ts';
import { FileLock } from '../../../src/store/sqlite/file-lock.ts';
import { giveToOwner } from '../../../src/store/sqlite/file-owner.ts';
import { restore } from '../../../src/store/sqlite/restore.ts';
import { newJob, openTestStore } from './world.ts';

const USER = 65_534;
const GROUP = 65_533;

let folder = '';
/** Of USER, and empty. */
let theirs = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jobgate-owner-'));
  theirs = join(folder, 'theirs');
  mkdirSync(theirs);
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Of every file there, whose it is. */
function ownersIn(of: string): Record<string, [number, number]> {
  const entries = readdirSync(of).map((name): [string, [number, number]] => {
    const { uid, gid } = lstatSync(join(of, name));
    return [name, [uid, gid]];
  });
  return Object.fromEntries(entries);
}

function expectTheirs(names: string[]): void {
  const expected = names.map((name) => [name, [USER, GROUP]]);
  expect(ownersIn(theirs)).toEqual(Object.fromEntries(expected));
}

/** What a command does with the database. */
async function underLock(path: string, body: () => unknown): Promise<void> {
  const lock = FileLock.acquire(path, process.pid);
  await body();
  lock.release();
}

/** As `jobgate import` does. */
async function write(path: string): Promise<void> {
  const store = openTestStore(path, { reserveBytes: 4096 });
  await store.submit([newJob({})]);
  await store.close();
}

describe.runIf(process.getuid?.() === 0)('root', () => {
  beforeEach(() => chownSync(theirs, USER, GROUP));

  it('makes a new database for whose folder it is in', async () => {
    const path = join(theirs, 'jobgate.db');
    await underLock(path, () => write(path));
    expectTheirs(['jobgate.db', 'jobgate.db.lock', 'jobgate.db.reserve', 'jobgate.db.sums']);
  });

  it('restores for who the database was of, and not for its folder', async () => {
    const made = join(folder, 'jobgate.db');
    await write(made);
    const copy = join(folder, 'backup.db');
    await backup(made, copy);
    const path = join(theirs, 'jobgate.db');
    await underLock(path, () => restore(copy, path, 'replaced-1'));
    expectTheirs(['jobgate.db', 'jobgate.db.lock']);
    chownSync(theirs, USER - 10, GROUP);
    await underLock(path, () => restore(copy, path, 'replaced-2'));
    await write(path);
    expect(ownersIn(theirs)).toMatchObject({
      'jobgate.db': [USER, GROUP],
      'jobgate.db.sums': [USER, GROUP],
    });
  });

  it('gives away no file that a link leads to', () => {
    const outside = join(folder, 'outside');
    writeFileSync(outside, '');
    const link = join(theirs, 'link');
    symlinkSync(outside, link);
    giveToOwner(join(theirs, 'jobgate.db'), link);
    expect(lstatSync(outside).uid).toBe(0);
  });
});
