// The restore: the backup's content is back, what was there is kept, and a bad backup changes nothing.
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backup } from '../../../src/store/sqlite/backup.ts';
import { restore } from '../../../src/store/sqlite/restore.ts';
import { expectTruth, makeWorld, newJob, openTestStore, TENANT, type World } from './world.ts';

let folder = '';
let path = '';
let copy = '';
let world: World;
let later = '';

/** A backup, and a job that came after it. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jobgate-restore-'));
  const made = await makeWorld(join(folder, 'made'));
  ({ path, world } = made);
  copy = join(folder, 'backup.db');
  await backup(path, copy);
  later = (await made.store.submit([newJob({ later: true })]))[0]!.jobId;
  await made.store.close();
});

afterEach(() => rmSync(folder, { recursive: true }));

async function expectRestored(at: string): Promise<void> {
  const store = openTestStore(at);
  await expectTruth(store, world);
  expect(await store.findState({ tenant: TENANT, jobId: later })).toBeUndefined();
  await store.close();
}

describe('restore', () => {
  it('puts the backup in place and keeps what was there', async () => {
    expect(restore(copy, path, 'replaced-1')).toBe(true);
    await expectRestored(path);
    const before = openTestStore(`${path}.replaced-1`);
    expect(await before.findState({ tenant: TENANT, jobId: later })).toBeDefined();
    await before.close();
    expect(existsSync(copy)).toBe(true);
  });

  it('works where there is no database yet, and where one is damaged', async () => {
    const fresh = join(folder, 'new', 'jobgate.db');
    expect(restore(copy, fresh, 'replaced-1')).toBe(false);
    await expectRestored(fresh);
    truncateSync(path, 5000);
    expect(restore(copy, path, 'replaced-2')).toBe(true);
    await expectRestored(path);
  });

  it('goes on where one was cut off: the log of the replaced database is not applied', async () => {
    // As after a crash between the renames: the database is there, its log and sums are not.
    rmSync(`${path}.sums`);
    writeFileSync(`${path}.restoring`, 'half of a copy');
    expect(restore(copy, path, 'replaced-1')).toBe(true);
    expect(existsSync(`${path}.restoring`)).toBe(false);
    await expectRestored(path);
  });
});

describe('a backup that is none', () => {
  const bad: [string, () => void, RegExp][] = [
    ['is not there', () => rmSync(copy), /does not exist/],
    ['is empty', () => truncateSync(copy, 0), /is empty/],
    ['was cut off', () => truncateSync(copy, 30_000), /damaged/],
    ['is no database', () => writeFileSync(copy, 'x'.repeat(5000)), /is not an SQLite database/],
    ['belongs to another program', () => makeForeign(copy), /belongs to another program/],
  ];

  it.each(bad)('%s: nothing is changed', (_what, spoil, message) => {
    spoil();
    const before = snapshot(path);
    expect(() => restore(copy, path, 'replaced-1')).toThrow(message);
    expect(snapshot(path)).toEqual(before);
  });

  it('is the database itself: nothing is changed', () => {
    const before = snapshot(path);
    expect(() => restore(path, path, 'replaced-1')).toThrow('is the database itself');
    expect(snapshot(path)).toEqual(before);
  });
});

function makeForeign(file: string): void {
  rmSync(file);
  const other = new Database(`${file}.other`);
  other.exec('create table songs (title text)');
  other.close();
  copyFileSync(`${file}.other`, file);
}

/** Every file beside the database, with its content. */
function snapshot(file: string): [string, string][] {
  const names = readdirSync(dirname(file)).toSorted();
  return names.map((name) => [name, readFileSync(join(dirname(file), name)).toString('base64')]);
}
