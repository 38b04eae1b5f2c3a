// Throughput beside other queues: durable submits over HTTP, and whole jobs in process.
import { fill, payload } from './fill.ts';
import type { Bench, Finding } from './bench.ts';
import { median } from './compare.ts';
import { liteque, ourStore, plainjob } from './in-process.ts';
import { runLoad, type Exchange } from './load.ts';
import { count, progress, type Table } from './report.ts';
import { submits } from './requests.ts';
import { bunqueue, installRivals } from './rivals.ts';
import type { Server } from './workspace.ts';

const GOAL = 2;
const SUBMIT = 'HTTP: durable submits';

/** One queue doing one kind of work. */
export interface Contender {
  group: string;
  name: string;
  /** Works for so long; how much it did a second. */
  run(seconds: number): Promise<number>;
  close(): unknown;
}

export async function measureThroughput(bench: Bench): Promise<Finding> {
  const contenders = await startAll(bench);
  const rates = contenders.map((): number[] => []);
  for (let round = 0; round < bench.options.rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const index = (round + turn) % contenders.length;
      const rate = await contenders[index]?.run(bench.options.seconds);
      if (rate !== undefined) rates[index]?.push(rate);
    }
    progress(`throughput: round ${round + 1} of ${bench.options.rounds}`);
  }
  for (const contender of contenders) await contender.close();
  return { table: toTable(contenders, rates), figures: { contenders, rates } };
}

async function startAll(bench: Bench): Promise<Contender[]> {
  const { workspace } = bench;
  const { path, apiKey } = await fill(workspace.newFile(), 0);
  const gateway = await bench.startGateway(path);
  const ours = [overHttp(bench, 'jobgate, FULL', gateway, submits(apiKey)), ourStore(bench)];
  if (!installRivals()) return ours;
  const rival = await workspace.start(bunqueue(workspace.newFile()));
  const theirs = overHttp(bench, 'bunqueue, NORMAL, durable: true', rival, bunqueueSubmits());
  const all = [...ours, theirs, await plainjob(bench), await liteque(bench)];
  const works = await Promise.all(all.map(isWorking));
  return all.filter((_, index) => works[index]);
}

/** A queue that cannot run here is left out, and said to be. */
async function isWorking(contender: Contender): Promise<boolean> {
  try {
    await contender.run(0.2);
    return true;
  } catch (error) {
    progress(`LEFT OUT: ${contender.name}: ${(error as Error).message}`);
    await contender.close();
    return false;
  }
}

function overHttp(bench: Bench, name: string, server: Server, next: () => Exchange): Contender {
  const { connections } = bench.options;
  const load = (seconds: number) => runLoad({ port: server.port, connections, seconds, next });
  const run = async (seconds: number) => (await load(seconds)).perSecond;
  return { group: SUBMIT, name, run, close: () => server.stop() };
}

function bunqueueSubmits(): () => Exchange {
  let index = 0;
  return () => {
    const body = JSON.stringify({ data: payload((index += 1)), durable: true });
    const head = 'POST /queues/bench/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n';
    const type = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    return { request: head + type + body, status: 200, marker: '"ok":true' };
  };
}

function toTable(contenders: Contender[], rates: number[][]): Table {
  const rows = contenders.map(({ group, name }, index) => {
    const own = rates[index] ?? [];
    return [group, name, count(median(own)), `${count(Math.min(...own))} to ${count(Math.max(...own))}`];
  });
  const ratio = median((rates[0] ?? []).map((rate, round) => rate / (rates[2]?.[round] ?? NaN)));
  const goal = `durable submits over HTTP at ${GOAL.toFixed(1)} times bunqueue or more`;
  const verdict = { goal, actual: ratio.toFixed(2), reached: ratio >= GOAL };
  return {
    title: 'Throughput beside other queues',
    head: ['work', 'queue and its synchronous', 'a second', 'slowest to fastest round'],
    rows: rows.toSorted((a, b) => (a[0] ?? '').localeCompare(b[0] ?? '')),
    verdicts: contenders.length > 2 ? [verdict] : [],
  };
}
