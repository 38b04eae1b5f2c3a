// `jobgate salvage`: what is whole in a damaged database, into a new file; the damaged one stays.
import { existsSync } from 'node:fs';
import { FileLock } from '../store/sqlite/file-lock.ts';
import { salvage, type Salvaged } from '../store/sqlite/salvage.ts';
import { parseArguments, refuseMore } from './arguments.ts';
import { CommandError, UsageError } from './command-error.ts';

const USAGE = `Usage: jobgate salvage FILE [OUT]

Reads what is whole out of the damaged database FILE (and its log) into the new database OUT, by
default FILE.salvaged. FILE is not changed and no gateway may run on it. A job is whole when all of
its row is, and its payload and result agree with their checksums. Afterwards put OUT in FILE's
place, or name it in DATABASE_URL.
`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {});
  if (values.help) return (process.stdout.write(USAGE), 0);
  const [from, to = `${from}.salvaged`, ...more] = positionals;
  if (from === undefined) throw new UsageError('Say which file: jobgate salvage FILE [OUT]');
  refuseMore(more);
  if (!existsSync(from) && !existsSync(`${from}-wal`)) {
    throw new CommandError(`The database ${from} does not exist, and no log of it either`);
  }
  process.stdout.write(reportOf(salvageLocked(from, to), to));
  return 0;
}

function salvageLocked(from: string, to: string): Salvaged {
  const lock = FileLock.acquire(from, process.pid);
  try {
    return salvage(from, to);
  } finally {
    lock.release();
  }
}

function reportOf({ saved, jobsBefore, brokenRows, lostPages }: Salvaged, to: string): string {
  const jobs = saved['jobs'] ?? 0;
  const lost = jobsBefore === undefined ? 'not known' : Math.max(jobsBefore - jobs, 0);
  return [
    `Written to ${to}:`,
    ...Object.entries(saved).map(([table, rows]) => line(table, rows)),
    'Not saved:',
    line('jobs', lost),
    line('broken rows', brokenRows),
    line('lost pages', lostPages),
    '',
  ].join('\n');
}

function line(what: string, count: number | string): string {
  return `  ${what.padEnd(18)} ${count}`;
}
