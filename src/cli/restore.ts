// `jobgate restore`: a backup in the place of the database, which is kept under another name.
import { readConfig } from '../config.ts';
import { FileLock } from '../store/sqlite/file-lock.ts';
import { restore } from '../store/sqlite/restore.ts';
import { parseArguments, refuseMore } from './arguments.ts';
import { UsageError } from './command-error.ts';

const USAGE = `Usage: jobgate restore FILE

Puts a copy of the backup FILE in the place of the database of DATABASE_URL. No gateway may run on
that database. What was there before is kept beside it as <database>.replaced-<time>, and may be
restored again: the log of FILE is taken along. FILE is not changed.
`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {});
  if (values.help) return (process.stdout.write(USAGE), 0);
  const [file, ...more] = positionals;
  if (file === undefined) throw new UsageError('Say which backup: jobgate restore FILE');
  refuseMore(more);
  const { databasePath } = readConfig(process.env);
  const keptAs = `replaced-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  const hadBefore = restoreLocked(file, databasePath, keptAs);
  const kept = hadBefore ? `; what it was before is ${databasePath}.${keptAs}` : '';
  process.stdout.write(`${databasePath} is now what ${file} is${kept}\n`);
  return 0;
}

function restoreLocked(file: string, databasePath: string, keptAs: string): boolean {
  const lock = FileLock.acquire(databasePath, process.pid);
  try {
    return restore(file, databasePath, keptAs);
  } finally {
    lock.release();
  }
}
