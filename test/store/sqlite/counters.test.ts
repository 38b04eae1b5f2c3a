// The counters in the file: what is written is what a recount of the rows says.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { JobgateError } from '../../../src/contract/errors.ts';
import { Counters, type Counted } from '../../../src/store/sqlite/counters.ts';
import { openDatabase } from '../../../src/store/sqlite/database.ts';
import { GroupCommit } from '../../../src/store/sqlite/group-commit.ts';
import { ENDPOINT, newJob, openTestStore, TENANT } from './world.ts';

function databasePath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-counters-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'jobgate.db');
}

function setUp() {
  const { sqlite, orm, checkpoints } = openDatabase(databasePath());
  onTestFinished(() => checkpoints.close());
  const counters = new Counters(orm);
  const commits = new GroupCommit(sqlite, {
    beforeCommit: () => counters.flush(),
    afterCommit: () => counters.settle(),
    hasRoom: () => true,
    makeRoom: () => false,
  });
  const rows = sqlite.prepare('select tenant, endpoint, status, ready, n from counters');
  return { sqlite, orm, counters, commits, rows: () => rows.all() };
}

const counted = (parts: Partial<Counted> = {}): Counted => ({
  tenant: TENANT,
  endpoint: ENDPOINT,
  status: 'queued',
  ready: 1,
  ...parts,
});

it('are written in the commit that changed them, and read when opened again', async () => {
  const { orm, counters, commits, rows } = setUp();
  await commits.run((tx) => {
    for (let i = 0; i < 3; i += 1) counters.move(tx, null, counted());
    counters.move(tx, counted(), counted({ status: 'running', ready: 0 }));
    expect(rows()).toEqual([]);
  });
  expect(rows()).toEqual([
    { ...counted(), n: 2 },
    { ...counted({ status: 'running', ready: 0 }), n: 1 },
  ]);
  const again = new Counters(orm);
  expect(again.list(TENANT)).toEqual(counters.list(TENANT));
  expect([again.queued, again.queueLength(TENANT), again.running(TENANT, ENDPOINT)]).toEqual([
    2, 2, 1,
  ]);
});

it('what is refused is not counted', async () => {
  const { counters, commits, rows } = setUp();
  const refused = commits.run((tx) => {
    counters.move(tx, null, counted());
    expect(counters.queued).toBe(1);
    throw new JobgateError('too_many_requests', 'Full');
  });
  await expect(refused).rejects.toThrow('Full');
  expect([counters.queued, counters.queueLength(TENANT), counters.list(TENANT)]).toEqual([
    0,
    0,
    [],
  ]);
  expect(rows()).toEqual([]);
});

it('what a full disk takes back is not counted, and the next commit is right', async () => {
  const { sqlite, counters, commits, rows } = setUp();
  await commits.run((tx) => counters.move(tx, null, counted()));
  sqlite.exec('create table filler (text)');
  const pages = sqlite.pragma('page_count', { simple: true }) as number;
  sqlite.pragma(`max_page_count = ${pages}`);
  const fill = sqlite.prepare('insert into filler values (?)');
  const write = (text: string) =>
    commits.run((tx) => {
      counters.move(tx, null, counted());
      fill.run(text);
    });
  const answers = await Promise.allSettled([
    write('x'.repeat(50_000)),
    write('x'),
    write('y'.repeat(50_000)),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
  expect([counters.queued, counters.queueLength(TENANT)]).toEqual([2, 2]);
  expect(rows()).toEqual([{ ...counted(), n: 2 }]);
});

it('a kind of which none is left has no row', async () => {
  const { counters, commits, rows } = setUp();
  await commits.run((tx) => counters.move(tx, null, counted()));
  await commits.run((tx) => counters.move(tx, counted(), null));
  expect(rows()).toEqual([]);
  expect(counters.list(TENANT)).toEqual([]);
});

it('the rows of a store agree with a recount of its jobs', async () => {
  const path = databasePath();
  const store = openTestStore(path);
  await store.submit(Array.from({ length: 30 }, (_, i) => newJob({ i })));
  const request = { tenant: TENANT, endpoints: [ENDPOINT], workerId: 'w', workerPid: 1 };
  const claimed = await store.claim({ ...request, max: 9, leaseSeconds: 30 });
  for (const job of claimed.slice(0, 4)) await store.release({ tenant: TENANT, ...job });
  for (const job of claimed.slice(4, 7)) await store.cancel({ tenant: TENANT, ...job });
  await store.close();
  const sqlite = new Database(path, { readonly: true });
  onTestFinished(() => void sqlite.close());
  const recount = `select tenant, endpoint, status, ready, count(*) n from jobs
    group by tenant, endpoint, status, ready`;
  const kept = 'select * from counters order by tenant, endpoint, status, ready';
  expect(sqlite.prepare(kept).all()).toEqual(sqlite.prepare(recount).all());
});
