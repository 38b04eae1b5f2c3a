// `npm run test:soak`: mixed load and a worker killed every second; the gateway must not grow or slow.
import { parseArgs } from 'node:util';
import { printTable, spread, wholeNumber } from './report.ts';
import { runSoakTrial, type SoakReport } from './soak/trial.ts';
import { trendOf, verdictsOn, type Trend } from './soak/trend.ts';

const USAGE = 'Usage: npm run test:soak -- [--minutes 75] [--seed N]\n';
const KILLS_PER_MINUTE = 60;
/** In less, the first third is too short for V8 to have compiled what is run now and then. */
const LEAST_MINUTES = 60;

process.exitCode = await run();

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '75' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return (process.stdout.write(USAGE), 0);
  const minutes = wholeNumber('--minutes', values.minutes);
  if (minutes === 0) throw new TypeError('--minutes must be 1 or more');
  const seed = wholeNumber('--seed', values.seed);
  process.stderr.write(`${minutes} minutes, seed ${seed}\n`);
  const report = await runSoakTrial({ seconds: minutes * 60, seed, onKill: tell });
  const trend = trendOf(report.samples, report.statusReads);
  printLoad(report);
  printMemory(report, trend);
  if (minutes < LEAST_MINUTES) {
    process.stderr.write(
      `Under ${LEAST_MINUTES} minutes all is warming up: verdicts mean little\n`,
    );
  }
  return judge(report, trend);
}

function tell(kills: number, faults: number): void {
  if (kills % KILLS_PER_MINUTE > 0) return;
  process.stderr.write(`  ${kills} workers killed, ${faults} faults\n`);
}

function printLoad({ samples, statusReads, faults, ...counts }: SoakReport): void {
  const reads = {
    'status reads': statusReads.length,
    'p99 ms': spread(statusReads.map(({ tookMs }) => tookMs)).p99.toFixed(1),
  };
  printTable([{ ...counts, ...reads, samples: samples.length, faults: faults.length }]);
}

function printMemory({ samples }: SoakReport, trend: Trend): void {
  const row = (memory: 'rss' | 'private' | 'heap') => {
    const sizes = samples.map((sample) => sample[`${memory}Mb`]);
    const { perHour, standardError } = trend[memory];
    return {
      'memory, MB': memory,
      first: (sizes[0] ?? 0).toFixed(1),
      least: Math.min(...sizes).toFixed(1),
      most: Math.max(...sizes).toFixed(1),
      last: (sizes.at(-1) ?? 0).toFixed(1),
      'MB/h after warm-up': perHour.toFixed(2),
      'standard error': standardError.toFixed(2),
    };
  };
  printTable([row('rss'), row('private'), row('heap')]);
}

function judge({ faults }: SoakReport, trend: Trend): number {
  for (const fault of faults) process.stderr.write(`FAULT: ${fault}\n`);
  const verdicts = verdictsOn(trend);
  for (const { what, isReached } of verdicts) {
    process.stdout.write(`${isReached ? 'reached' : 'MISSED '}  ${what}\n`);
  }
  return faults.length > 0 || verdicts.some(({ isReached }) => !isReached) ? 1 : 0;
}
