// Submit, claim and complete in process: our store beside plainjob and liteque.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { JsonText } from '../src/contract/json-text.ts';
import type { Bench } from './bench.ts';
import { ENDPOINT, newJob, openStore, payload, TENANT } from './fill.ts';
import type { Contender } from './throughput.ts';

const NAME = 'store: submit + claim + complete';
const CLAIM = {
  tenant: TENANT,
  endpoints: [ENDPOINT],
  workerId: 'bench',
  workerPid: null,
  max: 1,
  leaseSeconds: 30,
};
const rivals = createRequire(new URL('rivals/package.json', import.meta.url));

export function ourStore({ workspace }: Bench): Contender {
  const store = openStore(workspace.newFile());
  let index = 0;
  const step = async () => {
    await store.submit([newJob((index += 1))]);
    const [job] = await store.claim(CLAIM);
    if (!job) throw new Error('our store gave out no job');
    const { jobId, leaseToken } = job;
    await store.complete({ tenant: TENANT, jobId, leaseToken }, JsonText.of({ ok: true }));
  };
  const run = (seconds: number) => repeat(step, seconds);
  return { group: NAME, name: 'jobgate, FULL', run, close: () => store.close() };
}

export async function plainjob({ workspace }: Bench): Promise<Contender> {
  const { better, defineQueue } = await load('plainjob');
  const { default: Database } = await load('better-sqlite3');
  const database = new Database(workspace.newFile());
  const queue = defineQueue({ connection: better(database) });
  let index = 0;
  const step = () => {
    queue.add('bench', payload((index += 1)));
    const job = queue.getAndMarkJobAsProcessing('bench');
    if (!job) throw new Error('plainjob gave out no job');
    queue.markJobAsDone(job.id);
  };
  const run = (seconds: number) => repeat(step, seconds);
  return { group: NAME, name: 'plainjob, NORMAL', run, close: () => queue.close() };
}

export async function liteque({ workspace }: Bench): Promise<Contender> {
  const { buildDBClient, SqliteQueue } = await load('liteque');
  const database = buildDBClient(workspace.newFile(), { runMigrations: true });
  const options = { defaultJobArgs: { numRetries: 2 }, keepFailedJobs: false };
  const queue = new SqliteQueue('bench', database, options);
  let index = 0;
  const step = async () => {
    await queue.enqueue(payload((index += 1)));
    const job = await queue.attemptDequeue({ timeoutSecs: 30 });
    if (!job) throw new Error('liteque gave out no job');
    await queue.finalize(job.id, job.allocationId, 'completed');
  };
  const run = (seconds: number) => repeat(step, seconds);
  return { group: NAME, name: 'liteque, NORMAL', run, close: () => database.$client?.close() };
}

/** The rivals' types are not installed with the product. */
function load(name: string): Promise<any> {
  return import(pathToFileURL(rivals.resolve(name)).href);
}

async function repeat(step: () => unknown, seconds: number): Promise<number> {
  const startedAt = performance.now();
  let steps = 0;
  for (; performance.now() - startedAt < seconds * 1000; steps += 1) await step();
  return (steps * 1000) / (performance.now() - startedAt);
}
