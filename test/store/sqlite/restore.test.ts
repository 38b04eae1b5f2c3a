// The restore: the backup's content is back, what was there is kept, and a bad backup changes nothing.
import {
  copyFileSync,
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
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backup } from '../../../src/store/sqlite/backup.ts';
import { FileLock } from '../../../src/store/sqlite/file-lock.ts';
import { PageSums } from '../../../src/store/sqlite/page-sums.ts';
import { restore } from '../../../src/store/sqlite/restore.ts';
import { scanWal } from '../../../src/store/sqlite/wal-scan.ts';
import { StoreOpenError } from '../../../src/store/store-open-error.ts';
import { mountSmallDisk } from '../../small-disk.ts';
import {
  copyDatabase,
  expectTruth,
  makeWorld,
  newJob,
  openTestStore,
  TENANT,
  type World,
} from './world.ts';

/** Smaller than the backup. */
const disk = mountSmallDisk(1024 * 1024);

afterAll(() => disk?.remove());

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

  it('moves away what SQLite would undo the restored database with', async () => {
    writeFileSync(`${path}-journal`, 'of a first start that was killed');
    expect(restore(copy, path, 'replaced-1')).toBe(true);
    expect(existsSync(`${path}-journal`)).toBe(false);
    expect(existsSync(`${path}.replaced-1-journal`)).toBe(true);
    await expectRestored(path);
  });
});

describe('a database whose gateway was killed', () => {
  /** With the job that came after the backup in its log only. */
  async function killed(): Promise<string> {
    const store = openTestStore(path);
    later = (await store.submit([newJob({ inLog: true })]))[0]!.jobId;
    const left = copyDatabase(path, join(folder, 'killed'));
    await store.close();
    return left;
  }

  async function expectWhole(at: string): Promise<void> {
    const store = openTestStore(at);
    for (const jobId of [...world.keys(), later])
      expect(await store.findState({ tenant: TENANT, jobId })).toBeDefined();
    await store.close();
  }

  it('is restored with its log, and is left as it was', async () => {
    const left = await killed();
    const before = snapshot(left);
    const fresh = join(folder, 'new', 'jobgate.db');
    restore(left, fresh, 'replaced-1');
    expect(readdirSync(dirname(fresh))).toEqual(['jobgate.db']);
    expect(snapshot(left)).toEqual(before);
    await expectWhole(fresh);
  });

  it('comes back whole when the restore that replaced it is taken back', async () => {
    const left = await killed();
    restore(copy, left, 'replaced-1');
    restore(`${left}.replaced-1`, left, 'replaced-2');
    await expectWhole(left);
  });

  it('takes no log that a restore which was cut off left', async () => {
    const left = await killed();
    const fresh = join(folder, 'new', 'jobgate.db');
    mkdirSync(dirname(fresh));
    copyFileSync(`${left}-wal`, `${fresh}.restoring-wal`);
    restore(copy, fresh, 'replaced-1');
    await expectRestored(fresh);
  });
});

describe('a restore that fails', () => {
  it.runIf(disk)('on a full disk says so, leaves nothing and changes nothing', async () => {
    const { folder: small, fill, free } = disk!;
    const target = join(small, 'jobgate.db');
    await openTestStore(target).close();
    fill();
    const before = readFileSync(target);
    const fault = { name: 'StoreOpenError', fault: 'disk_full' };
    expect(() => restore(copy, target, 'replaced-1')).toThrow(
      expect.objectContaining({
        ...fault,
        message: expect.stringMatching(/^The disk of .* is too/),
      }),
    );
    expect(readdirSync(small).toSorted()).toEqual(['filler', 'jobgate.db', 'jobgate.db.sums']);
    expect(readFileSync(target).equals(before)).toBe(true);
    free();
  });

  it('because SQLite finds faults where the page sums hold leaves nothing', () => {
    spoilIndex(copy);
    PageSums.make(copy, scanWal(`${copy}-wal`)).close();
    const before = snapshot(path);
    expect(() => restore(copy, path, 'replaced-1')).toThrow(/is not whole/);
    expect(snapshot(path)).toEqual(before);
  });

  it('while it moves files moves them back', () => {
    mkdirSync(`${path}.replaced-1`);
    const before = snapshot(path);
    expect(() => restore(copy, path, 'replaced-1')).toThrow(StoreOpenError);
    expect(snapshot(path)).toEqual(before);
  });

  it('because there is a file where its folder must be says so', () => {
    expect(() => restore(copy, join(copy, 'jobgate.db'), 'replaced-1')).toThrow(
      expect.objectContaining({ name: 'StoreOpenError', fault: 'unusable' }),
    );
  });
});

describe('a backup that is none', () => {
  const bad: [string, () => void, RegExp][] = [
    ['is not there', () => rmSync(copy), /does not exist/],
    ['is a folder', () => makeFolder(copy), /is a folder: name a backup in it/],
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

  it('belongs to a process that runs: nothing is changed', () => {
    const lock = FileLock.acquire(copy, process.pid);
    const before = snapshot(path);
    expect(() => restore(copy, path, 'replaced-1')).toThrow(/is the database of a process that/);
    expect(snapshot(path)).toEqual(before);
    lock.release();
  });

  it('is the database itself: nothing is changed', () => {
    const before = snapshot(path);
    expect(() => restore(path, path, 'replaced-1')).toThrow('is the database itself');
    expect(snapshot(path)).toEqual(before);
  });
});

function makeFolder(file: string): void {
  rmSync(file);
  mkdirSync(file);
}

/** A page of an index that is none any more: what is read by rowid does not show it. */
function spoilIndex(file: string): void {
  const sqlite = new Database(file);
  const pages = sqlite.prepare("select rootpage from sqlite_schema where type = 'index' limit 1");
  const page = pages.pluck().get() as number;
  const size = sqlite.pragma('page_size', { simple: true }) as number;
  sqlite.close();
  const bytes = readFileSync(file);
  bytes.fill(0xff, (page - 1) * size, page * size);
  writeFileSync(file, bytes);
}

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
  const isFile = (name: string) => statSync(join(dirname(file), name)).isFile();
  return names
    .filter(isFile)
    .map((name) => [name, readFileSync(join(dirname(file), name)).toString('base64')]);
}
