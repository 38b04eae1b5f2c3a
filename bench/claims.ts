// Claims: how long one takes, its durable commit included, with few and with many jobs in the queue.
import { writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { JobStore } from '../src/store/job-store.ts';
import type { Bench, Finding } from './bench.ts';
import { clock, ENDPOINT, openStore, submitBatch, TENANT } from './fill.ts';
import { count, ms, progress, type Table } from './report.ts';

const GOAL_MS = 1;
const CLAIMS = 500;
const SUBMIT_BATCH = 1000;
const ROW_BYTES = 600;

export interface Timed {
  name: string;
  /** Milliseconds, shortest first. */
  times: number[];
}

/** The queue's sizes are those of `flat`: `--rows`. */
export async function measureClaims(bench: Bench): Promise<Finding> {
  const timed: Timed[] = [await timeBareCommits(bench.workspace.newFile())];
  for (const rows of bench.options.rows) {
    timed.push(await timeClaims(bench.workspace.newFile(), rows));
  }
  return { table: toTable(timed), figures: timed };
}

async function timeClaims(path: string, queued: number): Promise<Timed> {
  writeFileSync(path, '');
  const store = openStore(path);
  try {
    progress(`queueing ${count(queued)} jobs`);
    await fillQueue(store, queued);
    await store.checkpoint();
    const request = { tenant: TENANT, endpoints: [ENDPOINT], max: 1, leaseSeconds: 300 };
    const worker = { workerId: 'bench-worker', workerPid: 4242 };
    const claim = () => store.claim({ ...request, ...worker });
    return { name: `claim, ${count(queued)} jobs queued`, times: await timeEach(claim, queued) };
  } finally {
    await store.close();
  }
}

async function fillQueue(store: JobStore, queued: number): Promise<void> {
  for (let from = 0; from < queued; from += SUBMIT_BATCH) {
    await submitBatch(store, from, Math.min(SUBMIT_BATCH, queued - from));
  }
}

/** What the disk takes for one row made durable, beside which a claim must be seen. */
export async function timeBareCommits(path: string): Promise<Timed> {
  const sqlite = new Database(path);
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = FULL');
  sqlite.exec('create table rows (id integer primary key, text text not null)');
  const insert = sqlite.prepare('insert into rows (text) values (?)');
  const text = 'x'.repeat(ROW_BYTES);
  const times = await timeEach(async () => insert.run(text), CLAIMS);
  sqlite.close();
  return { name: 'yardstick: one bare row a commit', times };
}

async function timeEach(step: () => Promise<unknown>, most: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < Math.min(CLAIMS, most); n += 1) {
    const startedAt = clock.monotonic();
    await step();
    times.push(clock.monotonic() - startedAt);
  }
  return times.sort((a, b) => a - b);
}

function toTable(timed: Timed[]): Table {
  const slowest = Math.max(...timed.slice(1).map(({ times }) => part(times, 0.5)));
  return {
    title: 'One claim at a time, each with its durable commit',
    head: ['what', 'p50', 'p99'],
    rows: timed.map(({ name, times }) => [name, ms(part(times, 0.5)), ms(part(times, 0.99))]),
    verdicts: [
      {
        goal: `a claim under ${GOAL_MS} ms (p50)`,
        actual: `${slowest.toFixed(2)} ms`,
        reached: slowest < GOAL_MS,
      },
    ],
  };
}

const part = (sorted: number[], share: number) => sorted[Math.floor(sorted.length * share)] ?? NaN;
