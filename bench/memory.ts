// Memory: what the gateway's process holds before and after each 100,000 status reads.
import type { Bench, Finding } from './bench.ts';
import { runLoad } from './load.ts';
import { count, progress, type Table } from './report.ts';
import { readOverRest } from './requests.ts';
import { residentMib, type Server } from './workspace.ts';

const READS = 100_000;
/** The first one fills SQLite's page cache and V8's heap to their usual size. */
const TURNS = 3;
const TOLERANCE = 0.1;
const LIMIT_SECONDS = 120;

export async function measureMemory(bench: Bench): Promise<Finding> {
  const file = await bench.filled(bench.options.jobs);
  const server = await bench.startGateway(bench.copyOf(file));
  const sizes = [sizeOf(server)];
  for (let turn = 1; turn <= TURNS; turn += 1) {
    const { port } = server;
    const { connections } = bench.options;
    const limits = { seconds: LIMIT_SECONDS, answers: READS };
    await runLoad({ port, connections, ...limits, next: readOverRest(file) });
    sizes.push(sizeOf(server));
    progress(`memory after ${count(turn * READS)} reads: ${mib(sizes.at(-1) ?? NaN)}`);
  }
  await server.stop();
  return { table: toTable(sizes), figures: sizes };
}

function sizeOf({ pid }: Server): number {
  return residentMib(pid) ?? NaN;
}

function toTable(sizes: number[]): Table {
  const [warm = NaN, ...later] = sizes.slice(1);
  const growth = Math.max(...later) / warm - 1;
  return {
    title: 'Resident memory of the gateway',
    head: ['reads', 'memory'],
    rows: sizes.map((size, turn) => [count(turn * READS), mib(size)]),
    verdicts: [
      {
        goal: `flat within ${TOLERANCE * 100} % once warm (${count(READS)} reads)`,
        actual: `${(growth * 100).toFixed(1)} % more`,
        reached: growth <= TOLERANCE,
      },
    ],
  };
}

function mib(size: number): string {
  return Number.isNaN(size) ? 'unknown here' : `${size.toFixed(0)} MiB`;
}
