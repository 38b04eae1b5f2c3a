// Durable submits over REST beside a bare Fastify route that commits one job a request.
import type { Bench, Finding } from './bench.ts';
import { rival } from './bench.ts';
import { compare, type Result, type Subject } from './compare.ts';
import { BUILD_NUMBER, fill } from './fill.ts';
import { count, type Table } from './report.ts';
import { submits } from './requests.ts';
import { toRow } from './reads.ts';

const GOAL = 2;

export async function measureSubmits(bench: Bench): Promise<Finding> {
  const subjects = await startSubjects(bench);
  const results = await compare(subjects, bench.options);
  await Promise.all(subjects.map(({ server }) => server.stop()));
  return { table: toTable(results, bench.options.connections), figures: results };
}

async function startSubjects(bench: Bench): Promise<Subject[]> {
  const { workspace } = bench;
  const { path, apiKey } = await fill(workspace.newFile(), 0);
  const bare = await workspace.start(rival('bare-submit', workspace.newFile(), BUILD_NUMBER));
  const ours = await bench.startGateway(path);
  return [
    { name: 'bare Fastify, one commit a request', server: bare, next: submits(apiKey) },
    { name: 'jobgate, REST', server: ours, next: submits(apiKey) },
  ];
}

function toTable(results: Result[], connections: number): Table {
  const ours = results[1]?.ratio ?? 0;
  return {
    title: `Durable submits (synchronous=FULL), ${count(connections)} connections`,
    head: ['server', 'submits/s', 'ratio', 'p50', 'p99', 'slowest to fastest round'],
    rows: results.map(toRow),
    verdicts: [
      {
        goal: `REST at ${GOAL.toFixed(1)} times the yardstick or more`,
        actual: ours.toFixed(2),
        reached: ours >= GOAL,
      },
    ],
  };
}
