// A command's arguments: parsed by node:util, its complaints turned into one line.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from './command-error.ts';

/** Throws UsageError on what the command does not know. `-h` and `--help` are always known. */
export function parseArguments<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: Options,
) {
  const help = { help: { type: 'boolean', short: 'h' } } as const;
  try {
    return parseArgs({ args, options: { ...options, ...help }, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}: see --help`);
  }
}

/** Throws UsageError when more is given than the command takes. */
export function refuseMore(positionals: readonly string[]): void {
  if (positionals.length > 0) throw new UsageError(`Unexpected "${positionals[0]}": see --help`);
}
