// The folder of scheduled backups: a gateway that takes one, and leaves what is not its own alone.
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { backupFolder } from '../../src/cli/backup-folder.ts';
import { jobgate, startServe, temporaryFolder } from './child.ts';

const NAME = /^jobgate-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z-\d+\.db$/;
const API_KEY = 'backup-test-key';

it('a gateway with BACKUP_DIR takes a backup that can be restored', async () => {
  const folder = temporaryFolder();
  const backups = join(folder, 'to', 'backups');
  // A path that must be percent-encoded on its way to the process that takes the backup.
  const environment = { DATABASE_URL: `file:${folder}/100%25.db`, API_KEY, BACKUP_DIR: backups };
  const gateway = await startServe(environment);
  await vi.waitFor(
    () => expect(readdirSync(backups)).toEqual([expect.stringMatching(NAME)]),
    30_000,
  );
  const file = join(backups, readdirSync(backups)[0]!);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await gateway.line('took a backup'))).toMatchObject({ file });
  await vi.waitFor(async () => expect(await newestOf(gateway.url)).toBeCloseTo(timeOf(file), 3));
  gateway.process.kill('SIGTERM');
  expect((await gateway.ended).code).toBe(0);
  const next = await startServe(environment);
  await vi.waitFor(async () => expect(await newestOf(next.url)).toBeCloseTo(timeOf(file), 3));
  const other = { ...environment, DATABASE_URL: `file:${join(folder, 'other.db')}` };
  expect(await jobgate(['restore', file], other)).toMatchObject({ code: 0, stderr: '' });
});

/** What /metrics says of the newest backup, in seconds; NaN while it says nothing. */
async function newestOf(url: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`, { headers: { 'x-api-key': API_KEY } });
  const line = /^jobgate_last_backup_timestamp_seconds (.*)$/m.exec(await answer.text());
  return Number(line?.[1]);
}

/** When a backup was taken, by its name, in seconds. */
function timeOf(file: string): number {
  const [, day, ...time] = /(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z/.exec(file)!;
  return Date.parse(`${day}T${time.slice(0, 3).join(':')}.${time[3]}Z`) / 1000;
}

it('counts and removes only what is of its own database', async () => {
  const folder = temporaryFolder();
  const databasePath = join(folder, 'none.db');
  const at = Date.UTC(2026, 10, 25, 1, 2, 3, 4);
  const name = 'jobgate-2026-11-25T01-02-03-004Z-17.db';
  const others = [
    name.replace('-17', '-18'),
    name.replace('-25T', '-99T'),
    `${name}.partial.txt`.replace('-17', '-18'),
    `copy of ${name}`,
    'notes.txt',
  ];
  for (const file of [name, `${name}.partial`, ...others]) writeFileSync(join(folder, file), '');
  mkdirSync(join(folder, 'folder'));
  const backups = backupFolder({ folder, databasePath, queueId: 17, onTaken: () => {} });
  expect(await backups.times()).toEqual([at]);
  const failing = backups.take(at + 1, new AbortController().signal);
  await expect(failing).rejects.toThrow(`The database ${databasePath} does not exist`);
  expect(existsSync(join(folder, `${name}.partial`))).toBe(false);
  await backups.remove(at);
  expect(readdirSync(folder).toSorted()).toEqual([...others, 'folder'].toSorted());
});

it('a backup that is stopped leaves none', async () => {
  const folder = temporaryFolder();
  const databasePath = join(folder, 'none.db');
  const backups = backupFolder({ folder, databasePath, queueId: 17, onTaken: () => {} });
  await expect(backups.take(1, AbortSignal.abort())).rejects.toThrow('abort');
  expect(await backups.times()).toEqual([]);
});
