// `npm run test:powercut`: cuts the power at random points of a real load; nothing acknowledged may go.
import { parseArgs } from 'node:util';
import { hasStrace } from './power-cut/recording.ts';
import { runTrial, type TrialOptions, type TrialReport } from './power-cut/trial.ts';
import { printTable, wholeNumber } from './report.ts';

const USAGE = `Usage: node test/crash/power-cut.ts [--points 1000] [--jobs 1000] [--seed N] [--sync FULL|NORMAL]

Without --sync: FULL at all of the points, then NORMAL at some of them, which must lose something.
`;

/** NORMAL loses at one point in ten, or more: the start notices most of the others. */
const NORMAL_POINTS = 200;
const PROGRESS_EVERY = 100;
const SHOWN_FAILURES = 10;

const EXIT = { held: 0, failed: 1, usage: 2, provesNothing: 3 } as const;

process.exitCode = await run();

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      points: { type: 'string', default: '1000' },
      jobs: { type: 'string', default: '1000' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
      sync: { type: 'string', default: '' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return (process.stdout.write(USAGE), EXIT.held);
  if (!['', 'FULL', 'NORMAL'].includes(values.sync))
    return (process.stderr.write(USAGE), EXIT.usage);
  if (!hasStrace()) {
    process.stderr.write('This needs strace to record what the store writes: install it\n');
    return EXIT.usage;
  }
  const options = {
    points: wholeNumber('--points', values.points),
    jobs: wholeNumber('--jobs', values.jobs),
    seed: wholeNumber('--seed', values.seed),
  };
  const full = values.sync === 'NORMAL' ? undefined : await trial({ ...options, sync: 'FULL' });
  const points =
    values.sync === 'NORMAL' ? options.points : Math.min(options.points, NORMAL_POINTS);
  const normal =
    values.sync === 'FULL' ? undefined : await trial({ ...options, points, sync: 'NORMAL' });
  printTable([full, normal].flatMap((report) => (report ? [rowOf(report)] : [])));
  return judge(full, normal);
}

type Trial = TrialReport & TrialOptions & { seconds: number };

async function trial(options: TrialOptions): Promise<Trial> {
  const { sync, points, seed } = options;
  process.stderr.write(`synchronous=${sync}: ${points} points, seed ${seed}\n`);
  const startedAt = performance.now();
  let cuts = 0;
  const onCut = () => {
    cuts += 1;
    if (cuts % PROGRESS_EVERY === 0) process.stderr.write(`  ${cuts} of ${points}\n`);
  };
  const report = await runTrial({ ...options, onCut });
  return { ...options, ...report, seconds: (performance.now() - startedAt) / 1000 };
}

function rowOf({ sync, points, events, syncs, acks, written, outcomes, seconds }: Trial) {
  const mib = (written / 1024 / 1024).toFixed(1);
  const load = { acks, calls: events - acks, syncs, 'MiB written': mib };
  return { synchronous: sync, ...load, cuts: points, ...outcomes, seconds: seconds.toFixed(0) };
}

function judge(full: Trial | undefined, normal: Trial | undefined): number {
  if (full && full.failures.length > 0) {
    for (const { at, acks, outcome, faults } of full.failures.slice(0, SHOWN_FAILURES)) {
      process.stderr.write(`at event ${at} (${acks} jobs known): ${outcome}: ${faults[0]}\n`);
    }
    process.stderr.write(`FAILED: ${full.failures.length} of ${full.points} cuts were not whole\n`);
    return EXIT.failed;
  }
  if (normal?.outcomes.lost === 0) {
    process.stderr.write('synchronous=NORMAL lost nothing: this trial proves nothing\n');
    return EXIT.provesNothing;
  }
  return EXIT.held;
}
