// `jobgate check`: what a start would trip over, found without starting and without changing anything.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import pkg from '#package.json' with { type: 'json' };
import { readConfig, type Config } from '../config.ts';
import { StoreOpenError } from '../store/store-open-error.ts';
import { checkDatabase } from '../store/sqlite/database.ts';
import { FileLock, readLockHolder } from '../store/sqlite/file-lock.ts';
import { parseArguments, refuseMore } from './arguments.ts';
import { assertPortFree } from './port.ts';

const USAGE = `Usage: jobgate check

Validates the configuration, the database file, the permissions and the versions, and exits 0 when
jobgate serve would start. Changes nothing. The environment is that of jobgate serve.
`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {});
  if (values.help) return (process.stdout.write(USAGE), 0);
  refuseMore(positionals);
  report('version', `jobgate ${pkg.version} on Node.js ${process.versions.node}`);
  const config = readConfig(process.env);
  report('configuration', 'ok');
  if (config.backupDir !== undefined) report('backups', checkBackupDir(config.backupDir));
  const holder = readLockHolder(config.databasePath);
  if (holder) {
    report(
      'gateway',
      `process ${holder.pid} runs on this database at ${holder.url ?? 'no address'}`,
    );
    return 0;
  }
  report('database', checkFile(config));
  await assertPortFree(config);
  report('address', `${config.host} port ${config.port} is free`);
  return 0;
}

function report(what: string, finding: string): void {
  process.stdout.write(`${what.padEnd(14)} ${finding}\n`);
}

/** Throws StoreOpenError. */
function checkBackupDir(folder: string): string {
  const exists = existsSync(folder);
  if (exists && !statSync(folder).isDirectory()) {
    throw new StoreOpenError('unusable', `BACKUP_DIR ${folder} is not a folder: name another`);
  }
  assertAccess(exists ? folder : nearestFolder(folder), constants.W_OK | constants.X_OK);
  return exists ? `${folder} is ok` : `${folder} will be made with the first one`;
}

/** Throws StoreOpenError. */
function checkFile({ databasePath }: Config): string {
  checkUntouched(databasePath);
  const exists = existsSync(databasePath);
  if (exists) assertAccess(databasePath, constants.R_OK | constants.W_OK);
  assertAccess(nearestFolder(databasePath), constants.W_OK | constants.X_OK);
  return exists ? `${databasePath} is ok` : `${databasePath} will be made at the first start`;
}

/**
 * SQLite makes a log even where it only reads. Under the lock, and only there, it can be taken away
 * again: it would be the log of a gateway that starts right now.
 */
function checkUntouched(databasePath: string): void {
  if (!existsSync(`${databasePath}.lock`)) return checkDatabase(databasePath);
  const lock = FileLock.acquire(databasePath, process.pid);
  try {
    checkDatabase(databasePath);
  } finally {
    lock.release();
  }
}

/** The folder of the file, or the one that its folders would be made in. */
function nearestFolder(path: string): string {
  const folder = dirname(resolve(path));
  return existsSync(folder) ? folder : nearestFolder(folder);
}

function assertAccess(path: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    const readOnly = (error as NodeJS.ErrnoException).code === 'EROFS';
    const fault = readOnly ? 'read_only' : 'no_permission';
    throw new StoreOpenError(fault, `${path} cannot be written by this user`, error);
  }
}
