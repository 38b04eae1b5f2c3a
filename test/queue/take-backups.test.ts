// Scheduled backups on a fake clock: real files of a real store, by the schedule and never too few.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { takeBackups, type BackupFolder } from '../../src/queue/take-backups.ts';
import { backup } from '../../src/store/sqlite/backup.ts';
import { queueStore } from './queue-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Backups every hour, two of them kept. */
function setUp() {
  const { store, clock, submit, path } = queueStore();
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-backups-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const pathOf = (at: number) => join(folder, String(at));
  // Not what a reader of a backup leaves beside it.
  const names = () => readdirSync(folder).filter((name) => /^\d+$/.test(name));
  const times = () =>
    names()
      .map(Number)
      .toSorted((a, b) => a - b);
  const onDisk: BackupFolder = {
    times: async () => times().toReversed(),
    take: async (at) => void (await backup(path, pathOf(at))),
    remove: async (at) => rmSync(pathOf(at)),
  };
  const errors: string[] = [];
  const onError = (error: unknown, what: string) => errors.push(`${what}: ${String(error)}`);
  const newest: number[] = [];
  const onNewest = (at: number) => void newest.push(at);
  const schedule = { folder: onDisk, clock, everyMs: HOUR, keep: 2, onError, onNewest };
  const stopping = new AbortController();
  return {
    store,
    clock,
    submit,
    folder,
    pathOf,
    errors,
    newest,
    stopping,
    poll: (change: Partial<BackupFolder> = {}) =>
      takeBackups({ ...schedule, folder: { ...onDisk, ...change } }, stopping.signal),
    times,
  };
}

function countJobs(path: string): unknown {
  const sqlite = new Database(path, { readonly: true });
  try {
    return sqlite.prepare('select count(*) from jobs').pluck().get();
  } finally {
    sqlite.close();
  }
}

it('tells of the newest good one, also of one that was there before', async () => {
  const { clock, poll, newest } = setUp();
  const failing = { take: () => Promise.reject(new Error('no room')) };
  await poll(failing);
  expect(newest).toEqual([0]);
  const first = clock.now();
  await poll();
  expect(newest.splice(0)).toEqual([0, 0, first]);
  clock.advance(MINUTE);
  await poll();
  expect(newest.splice(0)).toEqual([first]);
  clock.advance(HOUR);
  await poll(failing);
  expect(newest).toEqual([first]);
});

it('takes one at once where there is none, then each when it is due, and keeps so many', async () => {
  const { clock, submit, pathOf, poll, times } = setUp();
  const taken: number[] = [];
  for (let hour = 0; hour < 4; hour += 1) {
    await submit();
    taken.push(clock.now());
    expect(await poll()).toBe(MINUTE);
    expect(countJobs(pathOf(clock.now()))).toBe(hour + 1);
    clock.advance(HOUR - MINUTE / 2);
    expect(await poll()).toBe(MINUTE / 2);
    expect(times()).toEqual(taken.slice(-2));
    clock.advance(MINUTE / 2);
  }
});

it('one that fails is told of and tried again, and costs none that is there', async () => {
  const { clock, poll, times, errors, folder } = setUp();
  await poll();
  clock.advance(HOUR);
  await poll();
  const before = times();
  clock.advance(HOUR);
  const broken = { take: async () => void (await backup(join(folder, 'x'), join(folder, 'y'))) };
  expect(await poll(broken)).toBe(MINUTE);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(/^take a backup: .*does not exist/);
  expect(times()).toEqual(before);
  clock.advance(MINUTE);
  await poll();
  expect(times()).toEqual([before[1], clock.now()]);
});

it('is not kept from it by one of a time to come, which goes last', async () => {
  const { clock, folder, poll, times } = setUp();
  const toCome = clock.now() + 1000 * HOUR;
  writeFileSync(join(folder, String(toCome)), '');
  const first = clock.now();
  await poll();
  expect(times()).toEqual([first, toCome]);
  clock.advance(HOUR);
  await poll();
  expect(times()).toEqual([clock.now(), toCome]);
});

it('a stop in the middle is no failure', async () => {
  const { poll, errors, stopping, times } = setUp();
  const take = async () => {
    stopping.abort();
    throw new Error('aborted');
  };
  await poll({ take });
  expect([errors, times()]).toEqual([[], []]);
});
