// The load whose disk is recorded: the real store at work, telling each acknowledgement as it comes.
import { openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { JsonText } from '../../../src/contract/json-text.ts';
import type { ClaimedJob, NewJob } from '../../../src/store/job-store.ts';
import { randomFrom } from '../../store/sqlite/damage.ts';
import { ENDPOINT, newJob, openTestStore, TENANT } from '../../store/sqlite/world.ts';
import { payloadOf, reasonOf, resultOf, type Ack } from './ledger.ts';

/** `upTo` is the number of the last job that it submits; `stop`: it closes the store at its end. */
const [folder = '', acksPath = '', sync = '', seed = '', upTo = '', end = ''] =
  process.argv.slice(2);

const PRODUCERS = 2;
const WORKERS = 3;
/** Acknowledgements between two checkpoints that the load asks for, beside those of the store. */
const CHECKPOINT_EVERY = 150;

const random = randomFrom(Number(seed));
const acks = openSync(acksPath, 'a+');
/** Versions of the jobs, as their acknowledgements count them. */
const versions = new Map<string, number>();
let submitted = 0;
let told = 0;

for (const line of readFileSync(acksPath, 'utf8').split('\n').filter(Boolean)) {
  const { jobId, n, version } = JSON.parse(line) as Ack;
  versions.set(jobId, version);
  submitted = Math.max(submitted, n);
}

if (sync === 'NORMAL') weaken();

const store = openTestStore(join(folder, 'jobgate.db'), { retryDelayMs: () => 0 });
const producing = Promise.all(Array.from({ length: PRODUCERS }, produce));
await Promise.all([producing, ...Array.from({ length: WORKERS }, () => work(producing))]);
if (end === 'stop') await store.close();
// Not by returning: the driver closes what is open then.
process.kill(process.pid, 'SIGKILL');

/** The same store on a connection that syncs as better-sqlite3's own default does, unnoticed. */
function weaken(): void {
  const { pragma } = Database.prototype;
  Database.prototype.pragma = function weakened(source, options) {
    if (source === 'synchronous = FULL') return pragma.call(this, 'synchronous = NORMAL', options);
    return source === 'synchronous' ? 2 : pragma.call(this, source, options);
  };
}

function tell(ack: Ack): void {
  writeSync(acks, `${JSON.stringify(ack)}\n`);
  told += 1;
}

async function produce(): Promise<void> {
  while (submitted < Number(upTo)) {
    const numbers = Array.from({ length: 1 + random(3) }, () => (submitted += 1));
    const made = await store.submit(numbers.map(jobOf));
    for (const [i, { jobId }] of made.entries()) {
      tell({ jobId, n: numbers[i]!, version: 1, status: 'queued' });
    }
    if (told % CHECKPOINT_EVERY < made.length) await store.checkpoint();
  }
}

function jobOf(n: number): NewJob {
  return { ...newJob({}, String(n)), payload: new JsonText(payloadOf(n)), maxAttempts: 100 };
}

async function work(produced: Promise<unknown>): Promise<void> {
  let isOver = false;
  void produced.then(() => (isOver = true));
  while (!isOver) {
    const claimed = await store.claim({
      tenant: TENANT,
      endpoints: [ENDPOINT],
      workerId: 'w',
      workerPid: process.pid,
      max: 1 + random(3),
      leaseSeconds: 3600,
    });
    await Promise.all(claimed.map((job) => live(job)));
  }
}

async function live({ jobId, id, leaseToken }: ClaimedJob): Promise<void> {
  const n = Number(id);
  const holder = { tenant: TENANT, jobId, leaseToken };
  const step = (status: Ack['status']) => {
    const version = (versions.get(jobId) ?? 1) + 1;
    versions.set(jobId, version);
    tell({ jobId, n, version, status });
  };
  step('running');
  switch (random(10)) {
    case 0:
      await store.release(holder);
      return step('queued');
    case 1:
      await store.fail(holder, failure(n, false));
      step('failed');
      if (random(2) === 0) return;
      await store.retry(holder);
      return step('queued');
    case 2:
      await store.fail(holder, failure(n, true));
      return step('queued');
    case 3:
      await store.complete(holder, new JsonText(resultOf(n)));
      step('done');
      return remove({ jobId, n });
    case 4:
      return;
    default:
      await store.complete(holder, new JsonText(resultOf(n)));
      return step('done');
  }
}

async function remove({ jobId, n }: { jobId: string; n: number }): Promise<void> {
  const version = versions.get(jobId) ?? 1;
  tell({ jobId, n, version, status: 'deleting' });
  await store.delete({ tenant: TENANT, jobId });
  tell({ jobId, n, version, status: 'deleted' });
}

function failure(n: number, retry: boolean) {
  return { code: 500, message: reasonOf(n), retry, retryDelayMs: 0 };
}
