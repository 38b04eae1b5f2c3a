// Submit, claim and complete in process: our store beside plainjob and liteque.
import { JsonText } from '../src/contract/json-text.ts';
import type { Bench } from './bench.ts';
import { ENDPOINT, newJob, openStore, payload, TENANT } from './fill.ts';
import { loadRival } from './rivals.ts';
import type { Contender } from './throughput.ts';

export const IN_PROCESS = 'submit + claim + complete in process';

const RESULT = JsonText.of({ ok: true });

const CLAIM = {
  tenant: TENANT,
  endpoints: [ENDPOINT],
  workerId: 'bench',
  workerPid: null,
  max: 1,
  leaseSeconds: 30,
};

/** `lanes`: how many do it at once, as callers of a gateway do. */
export function ourStore({ workspace }: Bench, lanes: number): Contender {
  const store = openStore(workspace.newFile());
  let index = 0;
  const step = async () => {
    await store.submit([newJob((index += 1))]);
    const [job] = await store.claim(CLAIM);
    if (!job) throw new Error('our store gave out no job');
    const { jobId, leaseToken } = job;
    await store.complete({ tenant: TENANT, jobId, leaseToken }, RESULT);
  };
  return {
    work: IN_PROCESS,
    name: lanes === 1 ? 'jobgate, one job at a time' : `jobgate, ${lanes} jobs at once`,
    durability: 'FULL (wal): synced before it',
    run: async (seconds) => {
      const rates = await Promise.all(Array.from({ length: lanes }, () => repeat(step, seconds)));
      return rates.reduce((sum, rate) => sum + rate, 0);
    },
    close: () => store.close(),
  };
}

/** What is used of their better-sqlite3. */
interface Connection {
  exec(sql: string): unknown;
  pragma(text: string, options: { simple: true }): unknown;
  transaction: unknown;
  close(): void;
}

interface Plainjob {
  better(connection: Connection): unknown;
  defineQueue(options: object): {
    add(type: string, data: unknown): unknown;
    getAndMarkJobAsProcessing(type: string): { id: number } | undefined;
    markJobAsDone(id: number): void;
    close(): void;
  };
}

export async function plainjob({ workspace }: Bench): Promise<Contender> {
  const { better, defineQueue } = await loadRival<Plainjob>('plainjob');
  const { default: Database } = await loadRival<{ default: new (path: string) => Connection }>(
    'better-sqlite3',
  );
  const database = new Database(workspace.newFile());
  const silent = () => {};
  const logger = { debug: silent, info: silent, warn: silent, error: silent };
  const queue = defineQueue({ connection: better(database), logger });
  let index = 0;
  const step = () => {
    queue.add('bench', payload((index += 1)));
    const job = queue.getAndMarkJobAsProcessing('bench');
    if (!job) throw new Error('plainjob gave out no job');
    queue.markJobAsDone(job.id);
  };
  return {
    work: IN_PROCESS,
    name: 'plainjob',
    durability: durabilityOf(database),
    run: (seconds) => repeat(step, seconds),
    close: () => queue.close(),
  };
}

interface Liteque {
  buildDBClient(path: string, options: object): { session: { client: Connection } };
  SqliteQueue: new (
    name: string,
    client: object,
    options: object,
  ) => {
    enqueue(payload: unknown): Promise<unknown>;
    attemptDequeue(options: object): Promise<{ id: number; allocationId: string } | null>;
    finalize(id: number, allocationId: string, status: 'completed'): Promise<void>;
  };
}

export async function liteque({ workspace }: Bench): Promise<Contender> {
  const { buildDBClient, SqliteQueue } = await loadRival<Liteque>('liteque');
  const client = buildDBClient(workspace.newFile(), { runMigrations: true });
  const database = client.session.client;
  allowAsyncTransactions(database);
  const options = { defaultJobArgs: { numRetries: 2 }, keepFailedJobs: false };
  const queue = new SqliteQueue('bench', client, options);
  let index = 0;
  const step = async () => {
    await queue.enqueue(payload((index += 1)));
    const job = await queue.attemptDequeue({ timeoutSecs: 30 });
    if (!job) throw new Error('liteque gave out no job');
    await queue.finalize(job.id, job.allocationId, 'completed');
  };
  return {
    work: IN_PROCESS,
    name: 'liteque, with the transactions of an older driver',
    durability: durabilityOf(database),
    run: (seconds) => repeat(step, seconds),
    close: () => database.close(),
  };
}

/**
 * liteque hands its driver asynchronous functions as transactions, which today's better-sqlite3
 * refuses. The older ones that it also allows began and committed around the call, before the
 * promise that came back had settled: so it is here, at the same cost.
 */
function allowAsyncTransactions(database: Connection): void {
  database.transaction = (body: (...args: unknown[]) => unknown) => {
    const run = (...args: unknown[]) => {
      database.exec('BEGIN');
      const result = body(...args);
      database.exec('COMMIT');
      return result;
    };
    return Object.assign(run, { deferred: run, immediate: run, exclusive: run });
  };
}

const LEVELS = ['OFF', 'NORMAL', 'FULL', 'EXTRA'];

/** As the queue left it: its own default. */
function durabilityOf(database: Connection): string {
  const level = LEVELS[Number(database.pragma('synchronous', { simple: true }))] ?? 'unknown';
  const mode = String(database.pragma('journal_mode', { simple: true }));
  return `${level} (${mode}): ${level === 'NORMAL' ? 'written, not synced' : 'synced before it'}`;
}

async function repeat(step: () => unknown, seconds: number): Promise<number> {
  const startedAt = performance.now();
  let steps = 0;
  for (; performance.now() - startedAt < seconds * 1000; steps += 1) await step();
  return (steps * 1000) / (performance.now() - startedAt);
}
