// Status reads of done jobs: our routes and trpc-to-openapi's plugin beside a bare Fastify route.
import type { Bench, Finding } from './bench.ts';
import { rival } from './bench.ts';
import { compare, type Result, type Subject } from './compare.ts';
import { BUILD_NUMBER, type Filled } from './fill.ts';
import { askOnce } from './load.ts';
import { count, ms, type Table } from './report.ts';
import { readOverRest, readOverTrpc } from './requests.ts';

const GOAL = 0.75;

export async function measureReads(bench: Bench): Promise<Finding> {
  const file = await bench.filled(bench.options.jobs);
  const subjects = await startSubjects(bench, file);
  await refuseUnequal(subjects, file);
  const results = await compare(subjects, bench.options);
  await Promise.all(subjects.map(({ server }) => server.stop()));
  return { table: toTable(results, bench.options.jobs), figures: results };
}

async function startSubjects(bench: Bench, file: Filled): Promise<Subject[]> {
  const start = (name: string) =>
    bench.workspace.start(rival(name, bench.copyOf(file), BUILD_NUMBER));
  const bare = await start('bare-status');
  const ours = await bench.startGateway(bench.copyOf(file));
  const plugin = await start('stock-plugin');
  const rest = readOverRest(file);
  return [
    { name: 'bare Fastify, hand-written SQL', server: bare, next: rest },
    { name: 'jobgate, REST', server: ours, next: rest },
    { name: 'jobgate, tRPC GET', server: ours, next: readOverTrpc(file) },
    { name: "trpc-to-openapi's Fastify plugin", server: plugin, next: rest },
  ];
}

/** A comparison says something only if all give the same data, to the byte. */
async function refuseUnequal(subjects: Subject[], { jobIds, apiKey }: Filled): Promise<void> {
  const one = { jobIds: jobIds.slice(-1), apiKey };
  const [expected, ...others] = await Promise.all(
    subjects.map(async ({ name, server }) => {
      const request = name.includes('tRPC GET') ? readOverTrpc(one) : readOverRest(one);
      return { name, data: comparable(await askOnce(server.port, request())) };
    }),
  );
  for (const { name, data } of others) {
    if (data !== expected?.data) {
      throw new Error(`${name} answers otherwise than the yardstick:\n${data}\n${expected?.data}`);
    }
  }
}

/** The envelope without what differs by nature: the process, the time it took, tRPC's wrapping. */
function comparable(answer: string): string {
  const body = answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1);
  const envelope = body.replace(/^\{"result":\{"data":(.*)\}\}$/s, '$1');
  const [head = '', tail = ''] = envelope.split(
    /"message":"success"(?=,"pid":\d+,"queue_id":\d+,[^{]*$)/,
  );
  return head + tail.replace(/"(pid|run_time|total_time)":[\d.]+/g, '"$1":0');
}

function toTable(results: Result[], jobs: number): Table {
  const ours = results[1]?.ratio ?? 0;
  return {
    title: `Status reads of done jobs, ${count(jobs)} jobs in the file`,
    head: ['server', 'requests/s', 'ratio', 'p50', 'p99', 'slowest to fastest round'],
    rows: results.map(toRow),
    verdicts: [
      {
        goal: `REST at ${GOAL} of the yardstick or more`,
        actual: ours.toFixed(2),
        reached: ours >= GOAL,
      },
    ],
  };
}

export function toRow({
  name,
  perSecond,
  ratio,
  p50Ms,
  p99Ms,
  slowest,
  fastest,
}: Result): string[] {
  const range = `${count(slowest)} to ${count(fastest)}`;
  return [name, count(perSecond), ratio.toFixed(2), ms(p50Ms), ms(p99Ms), range];
}
