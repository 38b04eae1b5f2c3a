// The handlers of a worker: loaded from the module that a person names on the command line.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Handlers } from '../worker/worker.ts';
import { UsageError } from './command-error.ts';

/** Throws UsageError, one line, when the file is no module with handlers. */
export async function loadHandlers(file: string): Promise<Handlers> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`--handlers ${file}: there is no such file`);
  const loaded = await load(file, path);
  const handlers = loaded.default ?? loaded.handlers;
  if (isHandlers(handlers)) return handlers;
  throw new UsageError(
    `--handlers ${file}: export default { '/v1/some/endpoint': async (job, ctx) => result }`,
  );
}

async function load(
  file: string,
  path: string,
): Promise<{ default?: unknown; handlers?: unknown }> {
  try {
    return (await import(pathToFileURL(path).href)) as object;
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new UsageError(`--handlers ${file} does not load: ${why}`);
  }
}

function isHandlers(value: unknown): value is Handlers {
  if (typeof value !== 'object' || value === null) return false;
  const functions = Object.values(value);
  return functions.length > 0 && functions.every((handler) => typeof handler === 'function');
}
