// Submit, claim and complete over HTTP: our gateway beside bunqueue's server on Bun.
import type { Bench } from './bench.ts';
import { fill } from './fill.ts';
import { askOnce, runLoad } from './load.ts';
import { bunqueueDialect, jobgateDialect, type Dialect } from './queue-requests.ts';
import { bunqueueDurability, bunqueueServer } from './rivals.ts';
import type { Contender } from './throughput.ts';
import type { Server } from './workspace.ts';

/** How many jobs a worker takes and reports at once, in the measure of batches. */
export const BATCH = 50;

export const SUBMIT = 'durable submits over HTTP';
export const ONE_BY_ONE = 'claim + complete over HTTP, one at a time';
export const IN_BATCHES = `claim + complete over HTTP, batches of ${BATCH}`;

/** Jobs in one turn, for each of its seconds: about as many as the slower queue works off. */
const JOBS_PER_SECOND = 1500;
const BATCHED_JOBS_PER_SECOND = 3000;
const FILL_BATCH = 1000;
const LIMIT_SECONDS = 300;

export async function jobgateOverHttp(bench: Bench): Promise<Contender[]> {
  const { path, apiKey } = await fill(bench.workspace.newFile(), 0);
  const server = await bench.startGateway(path);
  const durability = 'FULL (wal): synced before it';
  return contenders(bench, {
    name: 'jobgate',
    durability,
    server,
    dialect: jobgateDialect(apiKey),
  });
}

export async function bunqueueOverHttp(bench: Bench): Promise<Contender[]> {
  const { workspace } = bench;
  const server = await workspace.start(bunqueueServer(workspace.newFile()));
  const subject = {
    name: 'bunqueue, durable: true',
    durability: bunqueueDurability(),
    server,
    dialect: bunqueueDialect(),
  };
  return contenders(bench, subject);
}

interface Subject extends Pick<Contender, 'name' | 'durability'> {
  server: Server;
  dialect: Dialect;
}

function contenders({ options }: Bench, subject: Subject): Contender[] {
  const { name, durability, server, dialect } = subject;
  const { connections } = options;
  const load = { port: server.port, connections };
  const drainOf = (perSecond: number, max: number) => async (seconds: number) => {
    const jobs = FILL_BATCH * Math.ceil((perSecond * seconds) / FILL_BATCH);
    await fillQueue(server, dialect, jobs);
    return jobs / (await drain(subject, { jobs, max, connections }));
  };
  return [
    {
      work: SUBMIT,
      run: async (seconds: number) =>
        (await runLoad({ ...load, seconds, next: dialect.submit })).perSecond,
      // What was submitted would be in the way of the work that is measured next.
      settle: async () => void (await drain(subject, { max: BATCH, connections })),
    },
    { work: ONE_BY_ONE, run: drainOf(JOBS_PER_SECOND, 1) },
    { work: IN_BATCHES, run: drainOf(BATCHED_JOBS_PER_SECOND, BATCH) },
  ].map((contender) => ({ name, durability, close: () => server.stop(), ...contender }));
}

async function fillQueue(server: Server, dialect: Dialect, jobs: number): Promise<void> {
  for (let left = jobs; left > 0; left -= FILL_BATCH) {
    await askOnce(server.port, dialect.fill(FILL_BATCH));
  }
}

/**
 * Each connection is a worker that takes and reports jobs until there are none; the seconds that
 * takes. Throws when other than `jobs` were reported.
 */
async function drain(
  { name, server, dialect }: Subject,
  { jobs, max, connections }: { jobs?: number; max: number; connections: number },
): Promise<number> {
  let reported = 0;
  const next = (previous: string) => {
    const step = dialect.work(previous, max);
    reported += step?.reports ?? 0;
    return step;
  };
  const startedAt = performance.now();
  await runLoad({ port: server.port, connections, seconds: LIMIT_SECONDS, next });
  if (jobs !== undefined && reported !== jobs)
    throw new Error(`${name} gave out ${reported} of ${jobs} jobs`);
  return (performance.now() - startedAt) / 1000;
}
