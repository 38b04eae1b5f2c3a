// The page sums: in agreement with the file whatever happened to the process, and with nothing else.
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobStore } from '../../../src/store/job-store.ts';
import { checkDatabase } from '../../../src/store/sqlite/database.ts';
import { PageSums } from '../../../src/store/sqlite/page-sums.ts';
import {
  copyDatabase,
  expectTruth,
  openTestStore,
  submitSome,
  TENANT,
  type World,
} from './world.ts';

let folder = '';
let path = '';
let store: JobStore;
let world: World;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jobgate-sums-'));
  path = join(folder, 'jobgate.db');
  store = openTestStore(path);
  world = new Map();
});

afterEach(async () => {
  await store.close().catch(() => undefined);
  rmSync(folder, { recursive: true });
});

/** What a kill at this moment leaves is opened and read. */
async function expectSurvives(): Promise<void> {
  const copy = copyDatabase(path, join(folder, 'killed'));
  checkDatabase(copy);
  const opened = openTestStore(copy);
  await expectTruth(opened, world);
  await opened.close();
  checkDatabase(copy);
}

async function deleteAll(): Promise<void> {
  for (const jobId of world.keys()) {
    await store.cancel({ tenant: TENANT, jobId });
    await store.delete({ tenant: TENANT, jobId });
  }
  world.clear();
}

describe('agree with the file', () => {
  it('after a kill, whatever was in the log', async () => {
    await expectSurvives();
    for (let round = 0; round < 5; round += 1) {
      await submitSome(store, world, 10);
      await expectSurvives();
      if (round % 2 === 1) await store.checkpoint();
      await expectSurvives();
    }
  });

  it('when the file shrinks and grows again', async () => {
    await submitSome(store, world, 100);
    await store.checkpoint();
    const full = statSync(path).size;
    await deleteAll();
    await expectSurvives();
    await store.checkpoint();
    expect(statSync(path).size).toBeLessThan(full / 2);
    await expectSurvives();
    await submitSome(store, world, 50);
    await expectSurvives();
    await store.checkpoint();
    await expectSurvives();
  });

  it('when the log moves into the file by itself', async () => {
    const before = statSync(path).size;
    await submitSome(store, world, 400);
    expect(statSync(path).size).toBeGreaterThan(before);
    expect(statSync(`${path}-wal`).size).toBeLessThan(16 * 1024 * 1024);
    await expectSurvives();
  });

  it('when the store is left without being closed', async () => {
    await submitSome(store, world, 5);
    await store.close();
    store = openTestStore(path);
    await submitSome(store, world, 5);
    await expectSurvives();
  });
});

describe('do not agree with', () => {
  /** A start is refused, and says which file to remove where the other is to be believed. */
  function expectDamaged(about: RegExp): void {
    expect(() => checkDatabase(path)).toThrow(about);
    expect(() => openTestStore(path)).toThrow(/jobgate salvage/);
  }

  it('another file in its place, until they are removed', async () => {
    await submitSome(store, world, 5);
    await store.close();
    copyFileSync(path, join(folder, 'backup.db'));
    const backedUp = new Map(world);
    store = openTestStore(path);
    await submitSome(store, world, 5);
    await store.close();
    copyFileSync(join(folder, 'backup.db'), path);
    expectDamaged(/another file put in its place remove \S+\.sums$/);
    rmSync(PageSums.pathOf(path));
    store = openTestStore(path);
    await expectTruth(store, backedUp);
    expect(existsSync(PageSums.pathOf(path))).toBe(true);
  });

  it('a log that ends before what was acknowledged', async () => {
    await submitSome(store, world, 5);
    path = copyDatabase(path, join(folder, 'killed'));
    truncateSync(`${path}-wal`, statSync(`${path}-wal`).size - 4120);
    expectDamaged(/its log has lost \d+ frames/);
    rmSync(`${path}-wal`);
    expectDamaged(/its log is missing/);
  });

  it('a log that ends before what was acknowledged after it began anew', async () => {
    await submitSome(store, world, 2);
    await store.checkpoint();
    await submitSome(store, world, 30);
    path = copyDatabase(path, join(folder, 'killed'));
    writeFileSync(`${path}-wal`, readFileSync(`${path}-wal`).subarray(0, 32 + 4 * 4120));
    expectDamaged(/its log has lost \d+ frames/);
  });

  it('a file that is cut to nothing', async () => {
    await store.close();
    truncateSync(path, 0);
    expectDamaged(/it is empty/);
  });

  it('a bit in any page', async () => {
    await submitSome(store, world, 5);
    await store.close();
    const whole = readFileSync(path);
    for (let at = 4096 + 7; at < whole.length; at += 4096) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 4;
      writeFileSync(path, bytes);
      expectDamaged(/fails its checksum|malformed|damaged/);
    }
  });
});

it('that are damaged themselves count as none', async () => {
  await submitSome(store, world, 5);
  await store.close();
  const bytes = readFileSync(PageSums.pathOf(path));
  bytes[20]! ^= 1;
  writeFileSync(PageSums.pathOf(path), bytes);
  expect(PageSums.open(path)).toBeUndefined();
  store = openTestStore(path);
  await expectTruth(store, world);
});
