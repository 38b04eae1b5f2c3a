// `npm run test:crash`: kills a gateway or one of its workers each round; nothing acknowledged may go.
import { runKillTrial, type KillReport } from './kill/trial.ts';
import { printTable, readRounds, spread } from './report.ts';

const USAGE = 'Usage: npm run test:crash -- [--rounds 20] [--seed N]\n';
const PROGRESS_EVERY = 20;
const READY_LIMIT_MS = 1000;

process.exitCode = await run();

async function run(): Promise<number> {
  const asked = readRounds('20');
  if (!asked) return (process.stdout.write(USAGE), 0);
  const { rounds, seed } = asked;
  process.stderr.write(`${rounds} rounds, seed ${seed}\n`);
  const report = await runKillTrial({ rounds, seed, onRound: (round) => tell(round, rounds) });
  printTable([rowOf(report, rounds)]);
  return judge(report);
}

function tell(round: number, rounds: number): void {
  if (round % PROGRESS_EVERY === 0) process.stderr.write(`  ${round} of ${rounds}\n`);
}

function rowOf(report: KillReport, rounds: number) {
  const ready = spread(report.starts.map((start) => start.ready));
  const cpu = spread(report.starts.map((start) => start.cpu));
  return {
    rounds,
    's/round': (report.roundsMs / 1000 / Math.max(rounds, 1)).toFixed(2),
    'gateway kills': report.gatewayKills,
    'worker kills': report.workerKills,
    'ready p50 ms': ready.p50.toFixed(0),
    p95: ready.p95.toFixed(0),
    max: ready.max.toFixed(0),
    'start cpu p50 ms': cpu.p50,
    'jobs (202)': report.jobs,
    'sent again': report.unanswered,
    'handler runs': report.handlerRuns,
    completions: report.completions,
    retries: report.retries,
    looks: report.looks,
    faults: report.faults.length,
  };
}

function judge({ faults, starts }: KillReport): number {
  for (const fault of faults) process.stderr.write(`FAULT: ${fault}\n`);
  const late = starts.filter(({ ready }) => ready >= READY_LIMIT_MS);
  for (const { ready, cpu, waited } of late) {
    const of = `${cpu} of the processor and ${waited.toFixed(0)} waiting for one`;
    process.stderr.write(`LATE: a start took ${ready.toFixed(0)} ms, ${of}\n`);
  }
  return faults.length + late.length > 0 ? 1 : 0;
}
