// The rivals' packages: installed on first use, in a folder of their own.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { progress } from './report.ts';
import type { ServerProgram } from './workspace.ts';

const FOLDER = fileURLToPath(new URL('rivals', import.meta.url));
const BUN = `${FOLDER}/node_modules/@oven/bun-linux-x64/bin/bun`;

/** Whether the rivals are there; installs them where they are not. */
export function installRivals(): boolean {
  if (existsSync(`${FOLDER}/node_modules/.package-lock.json`)) return true;
  progress('installing the rivals (npm ci --prefix bench/rivals)');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--prefix', FOLDER], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) progress('the rivals could not be installed: they are left out');
  return status === 0;
}

/** bunqueue's server on Bun. Its rate limit is lifted: it would be what is measured. */
export function bunqueue(databasePath: string): ServerProgram {
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
