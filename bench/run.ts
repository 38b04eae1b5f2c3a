// The benchmark's command: runs what was asked for, prints the tables, leaves nothing behind.
import { writeFileSync } from 'node:fs';
import { Bench, type Finding } from './bench.ts';
import { measureClaims } from './claims.ts';
import { measureFlatness } from './flat.ts';
import { measureFollow } from './follow.ts';
import { measureFollowers } from './followers.ts';
import { measureMemory } from './memory.ts';
import { readOptions, USAGE, type Measure, type Options } from './options.ts';
import { measurePage } from './page.ts';
import { measureReads } from './reads.ts';
import { describeMachine, print, progress } from './report.ts';
import { measureStart } from './start.ts';
import { measureSubmits } from './submits.ts';
import { measureThroughput } from './throughput.ts';

const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const MEASURE: Record<Measure, (bench: Bench) => Promise<Finding>> = {
  reads: measureReads,
  flat: measureFlatness,
  submits: measureSubmits,
  claims: measureClaims,
  start: measureStart,
  memory: measureMemory,
  follow: measureFollow,
  followers: measureFollowers,
  throughput: measureThroughput,
  page: measurePage,
};

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const options = parse(args);
  if (typeof options === 'number') return options;
  const bench = new Bench(options);
  closeOnSignal(bench);
  try {
    await runAll(bench);
    return 0;
  } catch (error) {
    progress(`The benchmark stopped: ${(error as Error).message}`);
    return 1;
  } finally {
    await bench.workspace.close();
  }
}

/** The options, or the exit code where there is nothing to run. */
function parse(args: string[]): Options | number {
  try {
    const options = readOptions(args);
    if (options) return options;
    process.stdout.write(USAGE);
    return 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
}

async function runAll(bench: Bench): Promise<void> {
  const { options } = bench;
  const machine = describeMachine();
  process.stdout.write(
    `${machine}\n${options.connections} connections, median of ${options.rounds} rounds of ${options.seconds} s each\n`,
  );
  const findings: Partial<Record<Measure, Finding>> = {};
  for (const measure of options.only) {
    const finding = await MEASURE[measure](bench);
    findings[measure] = finding;
    print(finding.table);
  }
  if (options.json) writeJson(options.json, { machine, options, findings });
}

function writeJson(path: string, results: object): void {
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
}

function closeOnSignal({ workspace }: Bench): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void workspace.close().finally(() => process.exit(EXIT_INTERRUPTED));
    });
  }
}
