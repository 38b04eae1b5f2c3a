// `npm run test:fuzz`: requests made from openapi.json, right and wrong; every answer must be as it says.
import { parseArgs } from 'node:util';
import { printTable, spread, wholeNumber } from '../crash/report.ts';
import { runFuzz, type FuzzReport, type OperationReport } from './trial.ts';

const USAGE = `Usage: npm run test:fuzz -- [--runs 200] [--seed N] [--operation job-status]

  --runs N          requests to each operation
  --seed N          the same seed makes the same requests (ids are those of the run)
  --operation ID    only this one
`;

process.exitCode = await run();

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '200' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
      operation: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return (process.stdout.write(USAGE), 0);
  const runs = wholeNumber('--runs', values.runs);
  const seed = wholeNumber('--seed', values.seed);
  const only = values.operation === undefined ? undefined : [values.operation];
  process.stderr.write(`${runs} requests to each operation, seed ${seed}\n`);
  const report = await runFuzz({ runs, seed, only, onRun: tell });
  printTable([...report.operations.map(rowOf), rowOf(sum(report.operations))]);
  const { tookMs, cpuMs } = report;
  process.stdout.write(`${(tookMs / 1000).toFixed(1)} s, ${(cpuMs / 1000).toFixed(1)} s of CPU\n`);
  return judge(report, seed);
}

function tell(done: number, all: number): void {
  if (done % 2000 === 0) process.stderr.write(`  ${done} of ${all}\n`);
}

function rowOf({ id, requests, statuses, ms, faults }: OperationReport) {
  const of = (from: number, to: number) =>
    Object.entries(statuses)
      .filter(([status]) => Number(status) >= from && Number(status) < to)
      .reduce((total, [, count]) => total + count, 0);
  const { p50, p95, max } = spread(ms);
  return {
    operation: id,
    requests,
    '2xx': of(200, 300),
    304: of(304, 305),
    400: of(400, 401),
    401: of(401, 402),
    403: of(403, 404),
    404: of(404, 405),
    405: of(405, 406),
    409: of(409, 410),
    'other 4xx': of(406, 409) + of(410, 500),
    '5xx': of(500, 600),
    'p50 ms': p50.toFixed(1),
    p95: p95.toFixed(1),
    max: max.toFixed(0),
    faults,
  };
}

function sum(operations: OperationReport[]): OperationReport {
  const statuses: Record<number, number> = {};
  for (const [status, count] of operations.flatMap((one) => Object.entries(one.statuses))) {
    statuses[Number(status)] = (statuses[Number(status)] ?? 0) + count;
  }
  const total = (of: (one: OperationReport) => number) =>
    operations.reduce((all, one) => all + of(one), 0);
  return {
    id: 'all',
    requests: total(({ requests }) => requests),
    statuses,
    ms: operations.flatMap(({ ms }) => ms),
    faults: total(({ faults }) => faults),
  };
}

function judge({ faults }: FuzzReport, seed: number): number {
  for (const fault of faults) process.stderr.write(`FAULT: ${fault}\n`);
  const [id = ''] = faults[0]?.split(',') ?? [];
  if (faults.length > 0) process.stderr.write(`Again: --seed ${seed} --operation ${id}\n`);
  return faults.length > 0 ? 1 : 0;
}
