// `jobgate help`: the commands, the variables and where to read on.
import { VARIABLES } from '../config.ts';
import { COMMANDS } from './commands.ts';
import { UsageError } from './command-error.ts';

export async function run([name, ...rest]: string[]): Promise<number> {
  if (rest.length > 0) throw new UsageError(`Unexpected "${rest[0]}": see jobgate help`);
  if (name !== undefined && Object.hasOwn(COMMANDS, name) && name !== 'help') {
    return (await COMMANDS[name]!.load()).run(['--help']);
  }
  if (name !== undefined && name !== 'help') {
    throw new UsageError(`"${name}" is not a command of jobgate: see jobgate help`);
  }
  process.stdout.write(helpText());
  return 0;
}

function helpText(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => line(name, summary));
  return [
    'A self-hosted job gateway: submit long-running work, always know its status.',
    '',
    'Usage: jobgate <command> [options]      jobgate <command> --help for its options',
    '',
    'Commands:',
    ...commands,
    '',
    ...environmentLines(),
    '',
  ].join('\n');
}

/** The variables that `jobgate serve` reads, as lines of a help text. */
export function environmentLines(): string[] {
  const variables = Object.entries(VARIABLES.shape).map(([name, schema]) =>
    line(name, schema.description ?? ''),
  );
  return ['Environment (jobgate serve):', ...variables];
}

/** Wide enough for the longest name of a variable. */
const NAME_WIDTH = 23;

function line(name: string, text: string): string {
  return `  ${name.padEnd(NAME_WIDTH)}${text}`;
}
