// Group commit: together or not at all, answered after the commit, and undone where that fails.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { JobgateError } from '../../../src/contract/errors.ts';
import { GroupCommit, type CommitHooks } from '../../../src/store/sqlite/group-commit.ts';

/** A file with one table, a writer on it, and another connection that sees what is committed. */
function setUp(hooks: Partial<CommitHooks> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-commit-'));
  const path = join(folder, 'test.db');
  const sqlite = new Database(path);
  sqlite.pragma('journal_mode = WAL');
  sqlite.exec('create table rows (a integer primary key, b text) strict');
  const other = new Database(path, { readonly: true });
  onTestFinished(() => {
    other.close();
    sqlite.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const count = other.prepare('select count(*) from rows').pluck();
  const insert = sqlite.prepare('insert into rows values (?, ?)');
  let commitCount = 0;
  const commits = new GroupCommit(sqlite, {
    beforeCommit: () => undefined,
    afterCommit: () => (commitCount += 1),
    hasRoom: () => true,
    makeRoom: () => false,
    ...hooks,
  });
  return {
    sqlite,
    commits,
    committed: () => count.get() as number,
    commitCount: () => commitCount,
    insert: (a: number, b = '') => insert.run(a, b),
    /** From here on the file may not grow. */
    fill: () => {
      const pages = sqlite.pragma('page_count', { simple: true }) as number;
      sqlite.pragma(`max_page_count = ${pages}`);
    },
    free: () => sqlite.pragma('max_page_count = 1000000'),
  };
}

const LONG = 'x'.repeat(20_000);

it('callers that were answered together share the next commit, though they come one by one', async () => {
  const { commits, insert, commitCount } = setUp();
  await Promise.all(Array.from({ length: 8 }, (_, i) => commits.run(() => insert(i))));
  const writes: Promise<unknown>[] = [];
  for (let i = 8; i < 16; i += 1) {
    writes.push(commits.run(() => insert(i)));
    await nextTurn();
  }
  await Promise.all(writes);
  expect(commitCount()).toBe(2);
});

it('a caller that comes alone after many is not kept waiting for them', async () => {
  const { commits, insert, commitCount } = setUp();
  await Promise.all(Array.from({ length: 8 }, (_, i) => commits.run(() => insert(i))));
  let turns = 0;
  const write = commits.run(() => insert(8));
  void write.then(() => (turns = -1));
  while (turns >= 0 && turns < 100) {
    turns += 1;
    await nextTurn();
  }
  expect(turns).toBe(-1);
  expect(commitCount()).toBe(2);
});

it('writes that arrive together share one commit', async () => {
  const { commits, insert, committed, commitCount } = setUp();
  const writes = Array.from({ length: 100 }, (_, i) =>
    commits.run(() => {
      insert(i);
      return i;
    }),
  );
  expect(committed()).toBe(0);
  expect(await Promise.all(writes)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(commitCount()).toBe(1);
});

it('heavy writes do not share one long commit, and none is too heavy', async () => {
  const { commits, insert, committed, commitCount } = setUp();
  const weights = [150, 50, 1, 1000, 199, 1];
  await Promise.all(weights.map((weight, i) => commits.run(() => insert(i), weight)));
  expect(committed()).toBe(weights.length);
  expect(commitCount()).toBe(4);
});

it('a refusal before the first change makes nobody run twice; one after it, those before it', async () => {
  const { commits, insert, committed, commitCount } = setUp();
  let runs = 0;
  const add = (a: number) => commits.run(() => ((runs += 1), insert(a)));
  const refuse = (a: number | null) =>
    commits.run(() => {
      if (a !== null) insert(a);
      throw new JobgateError('not_found', 'Not found');
    });
  await Promise.allSettled([add(1), refuse(null), add(2)]);
  expect([runs, committed()]).toEqual([2, 2]);
  runs = 0;
  await Promise.allSettled([add(3), refuse(4), add(5), refuse(null), refuse(6)]);
  expect([runs, committed()]).toEqual([3, 4]);
  expect(commitCount()).toBe(2);
});

it('answers, and tells, after the commit and in order', async () => {
  const { commits, insert, committed } = setUp();
  const order: string[] = [];
  const write = (a: number) =>
    commits
      .run((tx) => {
        insert(a);
        order.push(`ran ${a}`);
        tx.afterCommit(() => order.push(`told ${a}, ${committed()} committed`));
      })
      .then(() => order.push(`answered ${a}`));
  await Promise.all([write(1), write(2)]);
  expect(order).toEqual([
    'ran 1',
    'ran 2',
    'told 1, 2 committed',
    'told 2, 2 committed',
    'answered 1',
    'answered 2',
  ]);
});

it('a body that throws is undone and hurts nobody else', async () => {
  const { commits, insert, committed, commitCount } = setUp();
  const memory = { n: 0 };
  const write = (a: number, error?: Error) =>
    commits.run((tx) => {
      memory.n += 1;
      tx.onUndo(() => (memory.n -= 1));
      tx.afterCommit(() => expect(error).toBeUndefined());
      insert(a);
      if (error) throw error;
    });
  const refusal = new JobgateError('lease_lost', 'Lost');
  const answers = await Promise.allSettled([write(1), write(2, refusal), write(3), write(1)]);
  expect(answers.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'rejected',
  ]);
  expect(answers[1]).toMatchObject({ reason: refusal });
  expect(committed()).toBe(2);
  expect(commitCount()).toBe(1);
  expect(memory.n).toBe(2);
});

it('undoes in the order it was done, backwards', async () => {
  const { commits } = setUp();
  const undone: number[] = [];
  const write = commits.run((tx) => {
    for (const i of [1, 2, 3]) tx.onUndo(() => undone.push(i));
    throw new JobgateError('lease_lost', 'Lost');
  });
  await expect(write).rejects.toThrow('Lost');
  expect(undone).toEqual([3, 2, 1]);
});

it('a full disk answers nobody whose write is not stored, and what fits is stored', async () => {
  const { commits, insert, committed, fill, free } = setUp();
  const memory = new Set<number>();
  const write = (a: number, text: string) =>
    commits.run((tx) => {
      memory.add(a);
      tx.onUndo(() => memory.delete(a));
      insert(a, text);
      tx.afterCommit(() => expect(committed()).toBeGreaterThan(0));
    });
  await write(0, LONG);
  fill();
  const answers = await Promise.allSettled([write(1, 'short'), write(2, LONG), write(3, 'short')]);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(answers[1]).toMatchObject({
    reason: {
      code: 'unavailable',
      details: { retryAfterSeconds: 5, cause: { code: 'SQLITE_FULL' } },
    },
  });
  expect([...memory]).toEqual([0, 1, 3]);
  expect(committed()).toBe(3);
  free();
  await write(2, LONG);
  expect(committed()).toBe(4);
});

it('a commit that fails is nobody’s success, and the next one is not hurt', async () => {
  let isBroken = true;
  const { commits, insert, committed } = setUp({
    beforeCommit: () => {
      if (isBroken)
        throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_FSYNC' });
    },
  });
  const memory = new Set<number>();
  const told: number[] = [];
  const write = (a: number) =>
    commits.run((tx) => {
      memory.add(a);
      tx.onUndo(() => memory.delete(a));
      tx.afterCommit(() => told.push(a));
      insert(a);
    });
  const answers = await Promise.allSettled([write(1), write(2)]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect([committed(), memory.size, told]).toEqual([0, 0, []]);
  isBroken = false;
  await write(1);
  expect([committed(), memory.size, told]).toEqual([1, 1, [1]]);
});

it('new work is refused while there is no room, other writes are not', async () => {
  let hasRoom = false;
  const { commits, insert, committed } = setUp({ hasRoom: () => hasRoom });
  const answers = await Promise.allSettled([
    commits.runNewWork(() => insert(1)),
    commits.run(() => insert(2)),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(answers[0]).toMatchObject({ reason: { code: 'unavailable' } });
  hasRoom = true;
  await commits.runNewWork(() => insert(1));
  expect(committed()).toBe(2);
});

it('more writes than fit in one flush are all answered', async () => {
  const { commits, insert, committed } = setUp();
  await Promise.all(Array.from({ length: 1000 }, (_, i) => commits.run(() => insert(i))));
  expect(committed()).toBe(1000);
});

it('a write asked for by a listener goes into a later commit', async () => {
  const { commits, insert, committed } = setUp();
  const second = Promise.withResolvers<void>();
  await commits.run((tx) => {
    insert(1);
    tx.afterCommit(() => void commits.run(() => insert(2)).then(() => second.resolve()));
  });
  await second.promise;
  expect(committed()).toBe(2);
});

it('flush commits what waits, now', async () => {
  const { commits, insert, committed } = setUp();
  const writes = [commits.run(() => insert(1)), commits.run(() => insert(2))];
  commits.flush();
  expect(committed()).toBe(2);
  await Promise.all(writes);
});

it('tells whether the disk took a change, and counts no probe', async () => {
  const told: boolean[] = [];
  const counted: number[] = [];
  const { commits, insert, fill } = setUp({
    written: (isWritten) => void told.push(isWritten),
    observe: { now: () => 0, committed: (writes) => void counted.push(writes) },
  });
  await commits.run(() => 'nothing');
  expect({ told, counted }).toEqual({ told: [], counted: [1] });
  await commits.runProbe(() => insert(1));
  await Promise.all([commits.run(() => insert(2)), commits.runProbe(() => insert(3))]);
  expect({ told, counted }).toEqual({ told: [true, true], counted: [1, 1] });
  fill();
  await expect(commits.run(() => insert(4, LONG))).rejects.toMatchObject({ code: 'unavailable' });
  expect({ told, counted }).toEqual({ told: [true, true, false], counted: [1, 1] });
});
