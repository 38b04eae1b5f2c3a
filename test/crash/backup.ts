// `npm run test:backup`: backups under a thousand writes a second; restored, nothing may be missing.
import { parseArgs } from 'node:util';
import { runBackupTrial, type BackupTrialReport } from './backup/trial.ts';
import { printTable, wholeNumber } from './report.ts';

const USAGE = 'Usage: npm run test:backup -- [--backups 3] [--seconds-between 3]\n';
const LEAST_RATE = 1000;
/** Twice as many a second as are asked for, where the machine can. */
const JOBS_PER_CALL = 200;

process.exitCode = await run();

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      backups: { type: 'string', default: '3' },
      'seconds-between': { type: 'string', default: '3' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return (process.stdout.write(USAGE), 0);
  const backups = wholeNumber('--backups', values.backups);
  const secondsBetween = wholeNumber('--seconds-between', values['seconds-between']);
  const report = await runBackupTrial({ backups, secondsBetween, jobsPerCall: JOBS_PER_CALL });
  printTable(report.jobs.map((_, i) => rowOf(report, i)));
  return judge(report);
}

function rowOf(report: BackupTrialReport, i: number) {
  return {
    backup: i + 1,
    'took ms': report.backupMs[i]!.toFixed(0),
    'writes/s meanwhile': report.ratesDuring[i]!.toFixed(0),
    'jobs before': report.jobs[i]!,
    'of these ended': report.ended[i]!,
    faults: report.faults.length,
  };
}

function judge({ faults, ratesDuring }: BackupTrialReport): number {
  for (const fault of faults) process.stderr.write(`FAULT: ${fault}\n`);
  const slow = ratesDuring.filter((rate) => rate < LEAST_RATE).length;
  if (slow > 0) process.stderr.write(`SLOW: ${slow} under less than ${LEAST_RATE} writes/s\n`);
  return faults.length + slow > 0 ? 1 : 0;
}
