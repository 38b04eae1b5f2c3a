// From the start of the process to the first true answer, on a full file.
import { setTimeout as sleep } from 'node:timers/promises';
import { gateway, type Bench, type Finding } from './bench.ts';
import { median } from './compare.ts';
import type { Filled } from './fill.ts';
import { askOnce } from './load.ts';
import { count, ms, progress, type Table } from './report.ts';
import { readOverRest } from './requests.ts';

const GOAL_MS = 1000;
const LIMIT_MS = 30_000;

export async function measureStart(bench: Bench): Promise<Finding> {
  const { rounds, jobs } = bench.options;
  const file = await bench.filled(jobs);
  const path = bench.copyOf(file);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    times.push(await startOnce(bench, file, path));
    progress(`start ${round + 1} of ${rounds}: ${ms(times.at(-1) ?? NaN)}`);
  }
  return { table: toTable(times, jobs), figures: times };
}

async function startOnce(bench: Bench, file: Filled, path: string): Promise<number> {
  const server = await bench.workspace.spawn(gateway(path));
  const next = readOverRest(file);
  for (;;) {
    const elapsed = performance.now() - server.startedAt;
    try {
      await askOnce(server.port, next());
      break;
    } catch (error) {
      if (elapsed > LIMIT_MS) throw error;
      await sleep(5);
    }
  }
  const elapsed = performance.now() - server.startedAt;
  await server.stop();
  return elapsed;
}

function toTable(times: number[], jobs: number): Table {
  const typical = median(times);
  const slowest = Math.max(...times);
  return {
    title: `Start to first answer, ${count(jobs)} jobs in the file`,
    head: ['starts', 'median', 'slowest'],
    rows: [[String(times.length), ms(typical), ms(slowest)]],
    verdicts: [
      {
        goal: `first answer within ${GOAL_MS / 1000} s`,
        actual: `${(typical / 1000).toFixed(2)} s`,
        reached: typical < GOAL_MS,
      },
    ],
  };
}
