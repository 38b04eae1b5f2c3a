// The backup: a proven copy of one moment, taken while the store is written, or no file at all.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backup, proveBackup } from '../../../src/store/sqlite/backup.ts';
import type { JobStore } from '../../../src/store/job-store.ts';
import { damage, randomFrom } from './damage.ts';
import { expectTruth, makeWorld, newJob, openTestStore, TENANT, type World } from './world.ts';

let folder = '';
let path = '';
let out = '';
let store: JobStore;
let world: World;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jobgate-backup-'));
  ({ store, path, world } = await makeWorld(join(folder, 'made')));
  out = join(folder, 'backup.db');
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

describe('backup', () => {
  it('has everything that was acknowledged before it', async () => {
    const made = await backup(path, out);
    expect(made).toMatchObject({ path: out, jobs: world.size });
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const copy = openTestStore(out);
    await expectTruth(copy, world);
    await copy.close();
  });

  it('is of one moment while the store is written', async () => {
    let written = 0;
    let isOver = false;
    const writing = (async () => {
      for (; !isOver; written += 1) await store.submit([newJob({ written })]);
    })();
    const { jobs } = await backup(path, out);
    isOver = true;
    await writing;
    expect(jobs).toBeGreaterThanOrEqual(world.size);
    expect(jobs).toBeLessThanOrEqual(world.size + written);
    const copy = openTestStore(out);
    expect((await copy.countByStatus(TENANT)).reduce((sum, { count }) => sum + count, 0)).toBe(
      jobs,
    );
    await expectTruth(copy, world);
    await copy.close();
  });

  it('never writes over a file, and leaves nothing when it cannot be made', async () => {
    writeFileSync(out, 'something of yours');
    await expect(backup(path, out)).rejects.toThrow(`${out} exists: name another file`);
    const nowhere = join(folder, 'nowhere', 'backup.db');
    await expect(backup(path, nowhere)).rejects.toThrow('does not exist: make it first');
    await expect(backup(join(folder, 'none.db'), join(folder, 'new.db'))).rejects.toThrow(
      'none.db does not exist: check DATABASE_URL',
    );
    expect(readdirSync(folder).toSorted()).toEqual(['backup.db', 'made']);
  });
});

describe('a copy that is not whole', () => {
  it('is not called good', async () => {
    await backup(path, out);
    expect(() => proveBackup(out, 'another digest')).toThrow('is not whole: its rows differ');
    damage(out, randomFrom(7));
    expect(existsSync(out)).toBe(true);
    expect(() => proveBackup(out, 'another digest')).toThrow(
      /is not whole|malformed|not a database/,
    );
  });
});
