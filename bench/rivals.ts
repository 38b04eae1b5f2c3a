// The rivals' packages: installed on first use, in a folder of their own, and how each is started.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { progress } from './report.ts';
import type { ServerProgram } from './workspace.ts';

const FOLDER = fileURLToPath(new URL('rivals', import.meta.url));
const MODULES = `${FOLDER}/node_modules`;
const BUN = `${MODULES}/@oven/bun-linux-x64/bin/bun`;
const BUNQUEUE = `${MODULES}/bunqueue/dist`;
const INSTALL = ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund'];

/** Installs the rivals where they are not there yet. Throws an Error with a line to show. */
export function installRivals(): void {
  if (existsSync(`${MODULES}/.package-lock.json`)) return;
  progress(`installing the rivals (npm ${INSTALL.join(' ')} in bench/rivals)`);
  const npm = spawnSync('npm', INSTALL, { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] });
  if (npm.status !== 0) throw new Error('bench/rivals could not be installed');
}

/** bunqueue's server on Bun. Its rate limit is lifted: it would be what is measured. */
export function bunqueueServer(databasePath: string): ServerProgram {
  if (!existsSync(BUN)) throw new Error('its Bun is here for Linux on x64 only');
  return {
    name: 'bunqueue',
    runtime: BUN,
    program: 'bench/rivals/node_modules/bunqueue/dist/main.js',
    environment: {
      DATA_PATH: databasePath,
      TCP_PORT: '0',
      LOG_LEVEL: 'error',
      RATE_LIMIT_MAX_REQUESTS: '1000000000',
    },
  };
}

/** From its source: a connection's `synchronous` cannot be asked for over HTTP. */
export function bunqueueDurability(): string {
  const schema = readFileSync(`${BUNQUEUE}/infrastructure/persistence/schema.js`, 'utf8');
  const level = /PRAGMA synchronous = (\w+);/.exec(schema)?.[1] ?? 'unknown';
  return `${level} (wal): ${level === 'NORMAL' ? 'written, not synced' : 'synced before it'}`;
}

const rivals = createRequire(new URL('rivals/package.json', import.meta.url));

/** One of their modules; the caller says its type, which is not installed with the product. */
export async function loadRival<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(rivals.resolve(name)).href)) as T;
}
