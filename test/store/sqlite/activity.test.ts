// The activity in the file: written in the commit it happened in, undone with it, read when opened again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { bucketOf } from '../../../src/contract/run-times.ts';
import { JobgateError } from '../../../src/contract/errors.ts';
import { Activity } from '../../../src/store/sqlite/activity.ts';
import { openDatabase } from '../../../src/store/sqlite/database.ts';
import { GroupCommit } from '../../../src/store/sqlite/group-commit.ts';
import { ENDPOINT, openTestStore, TENANT } from './world.ts';
import { madeByFirstVersion } from './first-version.ts';

const NOW = Date.UTC(2026, 0, 5, 12);
const OWN = { tenant: TENANT, endpoint: ENDPOINT };

function databasePath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-activity-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'jobgate.db');
}

function setUp() {
  const { sqlite, orm, checkpoints } = openDatabase(databasePath());
  onTestFinished(() => checkpoints.close());
  const activity = new Activity(orm, NOW);
  const commits = new GroupCommit(sqlite, {
    beforeCommit: () => activity.flush(),
    afterCommit: () => activity.settle(),
    hasRoom: () => true,
    makeRoom: () => false,
  });
  const rows = sqlite.prepare('select submitted, done, run_ms, run_times from activity');
  return { sqlite, orm, activity, commits, rows: () => rows.all() };
}

it('has the run times of those done, in the same row, and as they were when opened again', async () => {
  const { orm, activity, commits, rows } = setUp();
  await commits.run((tx) => activity.count(tx, OWN, 'submitted', NOW));
  expect(rows()).toEqual([{ submitted: 1, done: 0, run_ms: 0, run_times: null }]);
  await commits.run((tx) => {
    for (const runMs of [3, 3, 4000]) activity.count(tx, OWN, 'done', NOW, runMs);
    activity.count(tx, OWN, 'failed', NOW);
  });
  const runTimes = { [bucketOf(3)]: 2, [bucketOf(4000)]: 1 };
  expect(rows()).toEqual([
    { submitted: 1, done: 3, run_ms: 4006, run_times: JSON.stringify(runTimes) },
  ]);
  const [minute] = activity.list(TENANT, NOW);
  expect(minute?.runTimes).toEqual(runTimes);
  expect(new Activity(orm, NOW).list(TENANT, NOW)).toEqual([minute]);
});

it('what is refused is not counted, nor what a full disk takes back', async () => {
  const { sqlite, activity, commits, rows } = setUp();
  await commits.run((tx) => activity.count(tx, OWN, 'done', NOW, 10));
  const before = rows();
  const [minute] = structuredClone(activity.list(TENANT, NOW));
  const refused = commits.run((tx) => {
    activity.count(tx, OWN, 'done', NOW, 10);
    activity.count(tx, OWN, 'done', NOW, 5000);
    throw new JobgateError('lease_lost', 'Somebody else has it');
  });
  await expect(refused).rejects.toThrow('Somebody else has it');
  sqlite.exec('create table filler (text)');
  sqlite.pragma(`max_page_count = ${String(sqlite.pragma('page_count', { simple: true }))}`);
  const failed = commits.run((tx) => {
    activity.count(tx, OWN, 'done', NOW, 5000);
    sqlite.prepare('insert into filler values (?)').run('x'.repeat(50_000));
  });
  await expect(failed).rejects.toMatchObject({ code: 'unavailable' });
  expect(rows()).toEqual(before);
  expect(activity.list(TENANT, NOW)).toEqual([minute]);
});

it('a file from before run times were kept has none, and takes those that come', async () => {
  const path = databasePath();
  madeByFirstVersion(path);
  const clock = { now: () => NOW, monotonic: () => 0 };
  const store = openTestStore(path, { clock });
  const told = { submitted: 2, done: 1, runMs: 5000, runTimes: {} };
  expect(await store.listActivity(TENANT, NOW)).toMatchObject([told]);
  const request = { tenant: TENANT, endpoints: [ENDPOINT], workerId: 'w', workerPid: 1 };
  const [claimed] = await store.claim({ ...request, max: 1, leaseSeconds: 30 });
  await store.fail(
    { ...claimed!, tenant: TENANT },
    { code: 400, message: 'no', retry: false, retryDelayMs: null },
  );
  expect(await store.listActivity(TENANT, NOW)).toMatchObject([{ ...told, failed: 1 }]);
  await store.close();
});
