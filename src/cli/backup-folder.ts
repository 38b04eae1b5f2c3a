// The folder of scheduled backups: whether it will do, its files' names, and what takes each.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BackupFolder } from '../queue/take-backups.ts';
import { StoreOpenError } from '../store/store-open-error.ts';
import { assertWritableFolder, nearestFolder } from './file-access.ts';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));

/**
 * Says what will become of BACKUP_DIR; changes nothing. Throws StoreOpenError when no backup could be
 * taken to it.
 */
export function checkBackupFolder(folder: string): string {
  const exists = existsSync(folder);
  const nearest = exists ? folder : nearestFolder(folder);
  if (!statSync(nearest).isDirectory()) {
    const fault = exists ? 'is not a folder' : `cannot be made, ${nearest} is not a folder`;
    throw new StoreOpenError('unusable', `BACKUP_DIR ${folder} ${fault}: name another`);
  }
  assertWritableFolder(nearest);
  return exists ? `${folder} is ok` : `${folder} will be made with the first one`;
}

export interface BackupFolderOptions {
  /** Made with the first backup. */
  folder: string;
  databasePath: string;
  /** In every name: several gateways may share a folder, and what is of nobody is left alone. */
  queueId: number;
  /** Told of each that was taken, with what the command said. */
  onTaken: (file: string, said: string) => void;
}

/**
 * Backups named `jobgate-2026-11-25T00-41-22-123Z-<queue id>.db`, which sort by time. Each is taken
 * by `jobgate backup` in a process of its own: to read and compare a whole database would hold up
 * the gateway for as long.
 */
export function backupFolder(options: BackupFolderOptions): BackupFolder {
  const { folder, queueId } = options;
  const pathOf = (at: number) => join(folder, nameOf(at, queueId));
  return {
    times: async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return (await readdir(folder)).flatMap((name) => timeOf(name, queueId) ?? []);
    },
    take: async (at, signal) => {
      await removeUnfinished(options);
      options.onTaken(pathOf(at), await runBackup(options.databasePath, pathOf(at), signal));
    },
    remove: async (at) => {
      // SQLite leaves the others when somebody looks into a backup.
      for (const suffix of ['-shm', '-wal', '']) await rm(pathOf(at) + suffix, { force: true });
    },
  };
}

function nameOf(at: number, queueId: number): string {
  return `jobgate-${new Date(at).toISOString().replaceAll(/[:.]/g, '-')}-${queueId}.db`;
}

const NAME = /^jobgate-(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})-(\d{3})Z-(\d+)\.db/;

/** Undefined for a file that is not of this gateway, or no backup by its name. */
function timeOf(name: string, queueId: number): number | undefined {
  const [, day, hours, minutes, seconds, ms] = NAME.exec(name) ?? [];
  const at = Date.parse(`${day}T${hours}:${minutes}:${seconds}.${ms}Z`);
  return name === (Number.isNaN(at) ? '' : nameOf(at, queueId)) ? at : undefined;
}

/** What was being taken when the gateway was killed. */
async function removeUnfinished({ folder, queueId }: BackupFolderOptions): Promise<void> {
  for (const name of await readdir(folder)) {
    const [whole, suffix] = name.split('.partial');
    const isOurs = suffix !== undefined && timeOf(whole ?? '', queueId) !== undefined;
    if (isOurs) await rm(join(folder, name), { force: true });
  }
}

/** Resolves to what the command says. Throws what it complains of. */
async function runBackup(from: string, to: string, signal: AbortSignal): Promise<string> {
  const child = spawn(process.execPath, [MAIN, 'backup', to], {
    env: { ...process.env, DATABASE_URL: pathToFileURL(resolve(from)).href },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Killed it leaves a part, which the next one removes.
    killSignal: 'SIGKILL',
    signal,
  });
  const [ended, said, complaint] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  if (ended[0] !== 0) throw new Error(complaint.trim() || `jobgate backup ended with ${ended[0]}`);
  return said.trim();
}
