// `jobgate backup`: a proven copy of the database in a new file, also while the gateway runs.
import { readConfig } from '../config.ts';
import { backup } from '../store/sqlite/backup.ts';
import { parseArguments, refuseMore } from './arguments.ts';
import { UsageError } from './command-error.ts';

const USAGE = `Usage: jobgate backup FILE

Copies the database of DATABASE_URL, as it is at this moment, to the new FILE. The gateway may run
meanwhile and waits for nothing. The copy is read whole and compared before it is called good; on
any failure there is no FILE. To go back to it: jobgate restore FILE.
`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {});
  if (values.help) return (process.stdout.write(USAGE), 0);
  const [file, ...more] = positionals;
  if (file === undefined) throw new UsageError('Say where to: jobgate backup FILE');
  refuseMore(more);
  const { databasePath } = readConfig(process.env);
  const { jobs, bytes } = await backup(databasePath, file);
  process.stdout.write(`${file}: ${jobs} jobs, ${bytes} bytes, checked\n`);
  return 0;
}
