// Claims: how long one takes by itself and with its durable commit, in short and in long queues.
import { writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { ClaimedJob, JobStore } from '../src/store/job-store.ts';
import type { Bench, Finding } from './bench.ts';
import { median } from './compare.ts';
import { clock, openStore, TENANT } from './fill.ts';
import { ENDPOINTS, queueJobs } from './queued.ts';
import { count, ms, type Table } from './report.ts';

const GOAL_MS = 1;
const TURNS = 100;
/** Not measured: until V8 has compiled what is. */
const WARM_UP_TURNS = 10;
/** Claims that share a commit, to see what one adds to it. */
const TOGETHER = 20;
const ROW_BYTES = 600;

/** Of how many kinds of work a worker asks for. */
const ASKED = [1, 3, 20];

export interface Timed {
  name: string;
  /** Milliseconds, shortest first. */
  times: number[];
}

interface ClaimTimes {
  name: string;
  /** Milliseconds of one alone, its commit included. */
  alone: number[];
  /** Milliseconds of `TOGETHER` in one commit. */
  together: number[];
}

/** The queue's sizes are those of `flat`: `--rows`. */
export async function measureClaims(bench: Bench): Promise<Finding> {
  const bare = await timeBareCommits(bench.workspace.newFile());
  const timed: ClaimTimes[] = [];
  for (const rows of bench.options.rows) {
    timed.push(...(await timeQueue(bench.workspace.newFile(), rows)));
  }
  return { table: toTable(bare, timed), figures: { bare, timed } };
}

async function timeQueue(path: string, queued: number): Promise<ClaimTimes[]> {
  writeFileSync(path, '');
  const store = openStore(path);
  try {
    await queueJobs(store, queued);
    const timed: ClaimTimes[] = [];
    for (const asked of ASKED) timed.push(await timeClaims(store, queued, asked));
    return timed;
  } finally {
    await store.close();
  }
}

async function timeClaims(store: JobStore, queued: number, asked: number): Promise<ClaimTimes> {
  const request = {
    tenant: TENANT,
    endpoints: ENDPOINTS.slice(0, asked),
    max: 1,
    leaseSeconds: 300,
    workerId: 'bench-worker',
    workerPid: 4242,
  };
  const timed: ClaimTimes = {
    name: `${count(queued)} jobs queued, ${asked} of ${ENDPOINTS.length} endpoints asked for`,
    alone: [],
    together: [],
  };
  for (let turn = -WARM_UP_TURNS; turn < TURNS; turn += 1) {
    for (const [times, claims] of [
      [timed.alone, 1],
      [timed.together, TOGETHER],
    ] as const) {
      const startedAt = clock.monotonic();
      const claimed = await Promise.all(Array.from({ length: claims }, () => store.claim(request)));
      if (turn >= 0) times.push(clock.monotonic() - startedAt);
      await giveBack(store, claimed.flat());
    }
  }
  return timed;
}

/** So that the queue stays as long as it was. */
async function giveBack(store: JobStore, claimed: ClaimedJob[]): Promise<void> {
  await Promise.all(
    claimed.map(({ jobId, leaseToken }) => store.release({ tenant: TENANT, jobId, leaseToken })),
  );
}

/** What the disk takes for one row made durable, beside which a claim must be seen. */
export async function timeBareCommits(path: string): Promise<Timed> {
  const sqlite = new Database(path);
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = FULL');
  sqlite.exec('create table rows (id integer primary key, text text not null)');
  const insert = sqlite.prepare('insert into rows (text) values (?)');
  const text = 'x'.repeat(ROW_BYTES);
  const times = Array.from({ length: TURNS }, () => {
    const startedAt = clock.monotonic();
    insert.run(text);
    return clock.monotonic() - startedAt;
  });
  sqlite.close();
  return {
    name: 'yardstick: one bare row a commit',
    times: times.sort((a, b) => a - b),
  };
}

/** What one claim more adds to a commit: the claim without the disk's sync. */
function ownTime({ alone, together }: ClaimTimes): number {
  return (median(together) - median(alone)) / (TOGETHER - 1);
}

function toTable({ name, times: bare }: Timed, timed: ClaimTimes[]): Table {
  const slowest = Math.max(...timed.map(ownTime));
  return {
    title: 'One claim',
    head: ['what', 'the claim itself', 'with its durable commit, p50', 'p99'],
    rows: [
      [name, '', ms(median(bare)), ms(slow(bare))],
      ...timed.map((each) => [
        each.name,
        ms(ownTime(each)),
        ms(median(each.alone)),
        ms(slow(each.alone)),
      ]),
    ],
    verdicts: [
      {
        goal: `the claim itself under ${GOAL_MS} ms`,
        actual: `${slowest.toFixed(2)} ms`,
        reached: slowest < GOAL_MS,
      },
    ],
  };
}

function slow(times: number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? NaN;
}
