// `jobgate serve`: the gateway as a process, from its first line to the signal that stops it.
import { flushCompileCache } from 'node:module';
import { readConfig, type Config } from '../config.ts';
import { parseArguments, refuseMore } from './arguments.ts';
import { firstKeyPath, writeFirstKey } from './first-key.ts';
import { startGateway, type Gateway } from './gateway.ts';
import { environmentLines } from './help.ts';
import { stopSignal } from './stop-signal.ts';
import { startTracing } from './tracing.ts';
import { boundYoungGeneration } from './young-generation.ts';

const USAGE = ['Usage: jobgate serve', '', ...environmentLines(), ''].join('\n');

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {});
  if (values.help) return (process.stdout.write(USAGE), 0);
  refuseMore(positionals);
  const config = readConfig(process.env);
  const stopped = stopSignal();
  boundYoungGeneration();
  const warnings: string[] = [];
  const tracing = await startTracing(process.env, (warning) => warnings.push(warning));
  const terminal = [process.stderr, process.stdout].find((stream) => stream.isTTY);
  const gateway = await startGateway(config, {
    tracer: tracing?.tracer,
    deliverFirstKey: terminal ? undefined : (key) => writeFirstKey(pathFor(config), key),
  });
  if (terminal) terminal.write(banner(gateway, config));
  else if (gateway.firstKey) {
    gateway.log.warn({ file: pathFor(config) }, 'made the first admin key: move it from this file');
  }
  for (const warning of warnings) gateway.log.warn(warning);
  // Node itself keeps compiled code at a clean exit only: after a crash it is wanted most.
  flushCompileCache();
  gateway.log.info({ signal: await stopped }, 'stopping');
  await gateway.close();
  const isSent = (await tracing?.stop()) ?? true;
  // Its collector hangs, and the request to it would keep the process for ten seconds more.
  if (!isSent) process.exit(0);
  return 0;
}

function pathFor(config: Config): string {
  return firstKeyPath(config.databasePath);
}

/** What a person wants to know; programs read the log. */
export function banner({ url, firstKey }: Gateway, { databasePath, dashboard }: Config): string {
  return [
    '',
    `  Jobgate   ${url}${dashboard ? '' : '  (no dashboard)'}`,
    `  API docs  ${url}/docs`,
    `  Database  ${databasePath}`,
    ...(firstKey ? [`  Admin key ${firstKey}`, '            (shown this once: keep it)'] : []),
    '',
    '',
  ].join('\n');
}
