// Flatness: our REST status read on files of different sizes.
import type { Bench, Finding } from './bench.ts';
import { compare, type Result, type Subject } from './compare.ts';
import { count, type Table } from './report.ts';
import { readOverRest } from './requests.ts';
import { toRow } from './reads.ts';

/** How far the largest file's rate may be from the smallest one's. */
const TOLERANCE = 0.1;

export async function measureFlatness(bench: Bench): Promise<Finding> {
  const subjects: Subject[] = [];
  for (const rows of bench.options.rows) subjects.push(await startOn(bench, rows));
  const results = await compare(subjects, bench.options);
  await Promise.all(subjects.map(({ server }) => server.stop()));
  return { table: toTable(results), figures: results };
}

async function startOn(bench: Bench, rows: number): Promise<Subject> {
  const file = await bench.filled(rows);
  const server = await bench.startGateway(bench.copyOf(file));
  return { name: `${count(rows)} jobs`, server, next: readOverRest(file) };
}

function toTable(results: Result[]): Table {
  const least = Math.min(...results.map(({ ratio }) => ratio));
  return {
    title: 'Status reads over REST by size of the file',
    head: ['file', 'requests/s', 'ratio', 'p50', 'p99', 'slowest to fastest round'],
    rows: results.map(toRow),
    verdicts: [
      {
        goal: `flat within ${TOLERANCE * 100} % of the first file`,
        actual: `${((1 - least) * 100).toFixed(1)} % slower at most`,
        reached: least >= 1 - TOLERANCE,
      },
    ],
  };
}
