// `jobgate check`: what a start would trip over, found without starting and without changing anything.
import { existsSync } from 'node:fs';
import pkg from '#package.json' with { type: 'json' };
import { readConfig, type Config } from '../config.ts';
import { checkDatabase, checkVersionBeside } from '../store/sqlite/database.ts';
import { FileLock, readLockHolder, type LockHolder } from '../store/sqlite/file-lock.ts';
import { parseArguments, refuseMore } from './arguments.ts';
import { checkBackupFolder } from './backup-folder.ts';
import { assertWritableFile, assertWritableFolder, nearestFolder } from './file-access.ts';
import { assertPortFree } from './port.ts';

const USAGE = `Usage: jobgate check

Validates the configuration, the database file, the permissions and the versions, and exits 0 when
jobgate serve would start. Beside a running gateway that is: would start once that one has stopped.
The address, and what is in the file but its version, are not looked at then, for they are that
gateway's. Changes nothing. The environment is that of jobgate serve.
`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {});
  if (values.help) return (process.stdout.write(USAGE), 0);
  refuseMore(positionals);
  report('version', `jobgate ${pkg.version} on Node.js ${process.versions.node}`);
  const config = readConfig(process.env);
  report('configuration', 'ok');
  if (config.backupDir !== undefined) report('backups', checkBackupFolder(config.backupDir));
  const holder = readLockHolder(config.databasePath);
  if (holder) checkBeside(holder, config);
  else await checkAlone(config);
  return 0;
}

/** Throws StoreOpenError. */
function checkBeside({ pid, url }: LockHolder, { databasePath }: Config): void {
  report('gateway', `process ${pid} runs on this database at ${url ?? 'no address'}`);
  checkVersionBeside(databasePath);
  assertWritable(databasePath);
  report('database', `${databasePath} can be taken over once that gateway has stopped`);
}

/** Rejects with StoreOpenError or ListenError. */
async function checkAlone(config: Config): Promise<void> {
  report('database', checkFile(config));
  await assertPortFree(config);
  report('address', `${config.host} port ${config.port} is free`);
}

function report(what: string, finding: string): void {
  process.stdout.write(`${what.padEnd(14)} ${finding}\n`);
}

/** Throws StoreOpenError. */
function checkFile({ databasePath }: Config): string {
  checkUntouched(databasePath);
  assertWritable(databasePath);
  return existsSync(databasePath)
    ? `${databasePath} is ok`
    : `${databasePath} will be made at the first start`;
}

function assertWritable(databasePath: string): void {
  if (existsSync(databasePath)) assertWritableFile(databasePath);
  assertWritableFolder(nearestFolder(databasePath));
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
