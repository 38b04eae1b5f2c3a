// The commands: their names, what each is for, and how one is found, run and its failure told.
// Of its own file: the whole client would be loaded at every start of the gateway (15 files).
import { JobgateClientError } from '../client/gateway-error.ts';
import { ConfigError } from '../config.ts';
import { StoreOpenError } from '../store/store-open-error.ts';
import { nearMiss } from '../near-miss.ts';
import { CommandError, UsageError } from './command-error.ts';
import { exitCodeOf } from './exit-codes.ts';
import { onOneLine } from './one-line.ts';
import { ListenError } from './port.ts';

export interface Command {
  summary: string;
  /** Resolves to the exit code. */
  load(): Promise<{ run(args: string[]): Promise<number> }>;
}

/** Loaded one at a time: `jobgate version` need not load a database. */
export const COMMANDS: Record<string, Command> = {
  serve: { summary: 'start the gateway', load: () => import('./serve.ts') },
  worker: { summary: 'run jobs with your handlers', load: () => import('./worker.ts') },
  keys: { summary: 'create, list and revoke API keys', load: () => import('./keys.ts') },
  submit: { summary: 'submit a job', load: () => import('./submit.ts') },
  status: { summary: 'show a job', load: () => import('./status.ts') },
  watch: { summary: 'follow a job to its end', load: () => import('./watch.ts') },
  cancel: { summary: 'cancel jobs', load: () => import('./cancel.ts') },
  list: { summary: 'list jobs', load: () => import('./list.ts') },
  check: { summary: 'validate everything without starting', load: () => import('./check.ts') },
  openapi: { summary: 'print the OpenAPI document', load: () => import('./openapi.ts') },
  backup: { summary: 'copy the database to a file', load: () => import('./backup.ts') },
  restore: { summary: 'go back to a backup', load: () => import('./restore.ts') },
  import: {
    summary: 'take over the job files of the Python toolkit',
    load: () => import('./import.ts'),
  },
  salvage: {
    summary: 'save what is whole of a damaged database',
    load: () => import('./salvage.ts'),
  },
  help: { summary: 'show this help', load: () => import('./help.ts') },
  version: { summary: 'print the version', load: () => import('./version.ts') },
};

const ALIASES = new Map([
  ['-h', 'help'],
  ['--help', 'help'],
  ['--version', 'version'],
]);

/** Runs `jobgate <args>`; resolves to the exit code and never rejects. */
export async function runCommand(args: string[]): Promise<number> {
  process.stdout.on('error', ignoreClosedPipe);
  try {
    const [name = 'help', ...rest] = args;
    const { run } = await find(ALIASES.get(name) ?? name).load();
    return await run(rest);
  } catch (error) {
    process.stderr.write(`${tell(error)}\n`);
    return exitCodeOf(error);
  }
}

/** Whoever reads has read enough, as `head` does. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function find(name: string): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command) return command;
  const meant = nearMiss(name, Object.keys(COMMANDS));
  const advice = meant ? `did you mean ${meant}?` : 'see jobgate help';
  throw new UsageError(`"${name}" is not a command of jobgate: ${advice}`);
}

const EXPECTED = [CommandError, ConfigError, StoreOpenError, ListenError];

/** What went wrong, in a line; of a defect of ours, all there is to report it. */
function tell(error: unknown): string {
  // It may have in it what a worker said.
  if (error instanceof JobgateClientError) return onOneLine(error.message);
  if (EXPECTED.some((kind) => error instanceof kind)) return (error as Error).message;
  return `jobgate failed unexpectedly: ${error instanceof Error ? error.stack : String(error)}`;
}
