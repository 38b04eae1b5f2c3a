// What keeps a gateway from starting: one line each, an exit code of its own, the file as it was.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  IMPORT_EXIT_CODES,
  JOB_EXIT_CODES,
  LISTEN_EXIT_CODES,
  STORE_EXIT_CODES,
} from '../../src/cli/exit-codes.ts';
import { jobgate, startJobgate, startServe, temporaryFolder, type Ended } from './child.ts';

/** Root may write what it may not: without its privileges it is held to the permission bits. */
function unprivileged(command: string[]): string[] {
  if (process.getuid?.() !== 0) return command;
  return ['setpriv', '--bounding-set=-all', '--inh-caps=-all', ...command];
}

/** With a file system of its own on the folder, which goes when the process goes. */
function onFileSystem(folder: string, options: string) {
  const script = `mount -t tmpfs -o ${options} none "$0"; exec "$@"`;
  const wrapper = ['unshare', '--map-root-user', '--mount', 'sh', '-ec', script, folder];
  return (command: string[]) => [...wrapper, ...command];
}

function expectOneLine({ code, stdout, stderr }: Ended, expected: number, about: RegExp): void {
  expect(stderr).toMatch(/^[^\n]+\n$/);
  expect(stderr).toMatch(about);
  expect(stdout).toBe('');
  expect(code).toBe(expected);
}

/** A database that a gateway made and closed. */
async function madeDatabase(): Promise<string> {
  const file = join(temporaryFolder(), 'jobgate.db');
  const made = await jobgate(['keys', 'create', '--name', 'x', '--scopes', 'read'], urlOf(file));
  expect(made.code).toBe(0);
  return file;
}

const urlOf = (file: string) => ({ DATABASE_URL: `file:${file}` });

/** Serves it, and expects this fault and every byte of the file as before. */
async function expectFault(
  file: string,
  fault: keyof typeof STORE_EXIT_CODES,
  about: RegExp,
): Promise<void> {
  const before = readFileSync(file);
  expectOneLine(await jobgate(['serve'], urlOf(file)), STORE_EXIT_CODES[fault], about);
  expect(readFileSync(file).equals(before)).toBe(true);
}

it('no two faults share a code', () => {
  const codes = [
    0,
    1,
    2,
    3,
    ...Object.values(STORE_EXIT_CODES),
    ...Object.values(LISTEN_EXIT_CODES),
    ...Object.values(JOB_EXIT_CODES),
    ...Object.values(IMPORT_EXIT_CODES),
  ];
  expect(new Set(codes).size).toBe(codes.length);
});

describe('the database', () => {
  it('is another kind of file', async () => {
    const file = join(temporaryFolder(), 'jobgate.db');
    writeFileSync(file, 'these are my notes\n'.repeat(100));
    await expectFault(file, 'not_a_database', /not an SQLite database/);
  });

  it('is of another program', async () => {
    const file = join(temporaryFolder(), 'jobgate.db');
    new Database(file).exec('create table notes (text)').close();
    await expectFault(file, 'unusable', /another program/);
  });

  it('is damaged', async () => {
    const file = await madeDatabase();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xff, 100, 4096));
    await expectFault(file, 'corrupt', /damaged/);
  });

  it('is from a newer version', async () => {
    const file = await madeDatabase();
    const database = new Database(file);
    database.exec("insert into __drizzle_migrations (hash, created_at) values ('x', 9e15)");
    database.close();
    await expectFault(file, 'newer_version', /newer Jobgate/);
  });

  it('is held by another gateway', async () => {
    const file = await madeDatabase();
    const { url } = await startServe(urlOf(file));
    const second = await jobgate(['serve'], urlOf(file));
    expectOneLine(second, STORE_EXIT_CODES.locked, new RegExp(url));
  });

  it('is a folder', async () => {
    const folder = join(temporaryFolder(), 'jobgate.db');
    mkdirSync(folder);
    expectOneLine(await jobgate(['serve'], urlOf(folder)), STORE_EXIT_CODES.unusable, /folder/);
  });

  it('has a file where a folder must be', async () => {
    const file = join(temporaryFolder(), 'notes');
    writeFileSync(file, '');
    const ended = await jobgate(['serve'], urlOf(join(file, 'jobgate.db')));
    expectOneLine(ended, STORE_EXIT_CODES.unusable, /folder/);
  });

  it('is gone, and its log is there', async () => {
    const file = await madeDatabase();
    rmSync(file);
    writeFileSync(`${file}-wal`, 'what was not yet in the file');
    const ended = await jobgate(['serve'], urlOf(file));
    expectOneLine(ended, STORE_EXIT_CODES.orphan_wal, /its log/);
    expect(readFileSync(`${file}-wal`, 'utf8')).toBe('what was not yet in the file');
  });

  it('may not be written', async () => {
    const file = await madeDatabase();
    const before = readFileSync(file);
    chmodSync(file, 0o444);
    const { ended } = startJobgate(['serve'], urlOf(file), unprivileged);
    expectOneLine(await ended, STORE_EXIT_CODES.no_permission, /access/);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('is in a folder that may not be written', async () => {
    const folder = join(temporaryFolder(), 'locked');
    mkdirSync(folder, 0o555);
    const environment = urlOf(join(folder, 'jobgate.db'));
    const { ended } = startJobgate(['serve'], environment, unprivileged);
    expectOneLine(await ended, STORE_EXIT_CODES.no_permission, /writable|access/);
  });

  it('is on a read-only file system', async () => {
    const folder = temporaryFolder();
    const environment = urlOf(join(folder, 'jobgate.db'));
    const { ended } = startJobgate(['serve'], environment, onFileSystem(folder, 'ro'));
    expectOneLine(await ended, STORE_EXIT_CODES.read_only, /read-only|writable/);
  });

  it('is on a full disk', async () => {
    const folder = temporaryFolder();
    const environment = urlOf(join(folder, 'jobgate.db'));
    const { ended } = startJobgate(['serve'], environment, onFileSystem(folder, 'size=64k'));
    expectOneLine(await ended, STORE_EXIT_CODES.disk_full, /full/);
  });
});

describe('what is restored', () => {
  it('does not fit on the disk', async () => {
    const backup = await madeDatabase();
    const folder = temporaryFolder();
    const environment = urlOf(join(folder, 'jobgate.db'));
    const { ended } = startJobgate(
      ['restore', backup],
      environment,
      onFileSystem(folder, 'size=64k'),
    );
    expectOneLine(await ended, STORE_EXIT_CODES.disk_full, /too full/);
  });

  it('may not be read', async () => {
    const backup = await madeDatabase();
    chmodSync(backup, 0);
    const environment = urlOf(join(temporaryFolder(), 'jobgate.db'));
    const { ended } = startJobgate(['restore', backup], environment, unprivileged);
    expectOneLine(await ended, STORE_EXIT_CODES.no_permission, /^The backup .* may not be read/);
  });
});

describe('the address', () => {
  it('is in use: the database is not touched', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const file = await madeDatabase();
    const before = readFileSync(file);
    const port = String((other.address() as AddressInfo).port);
    const ended = await jobgate(['serve'], { ...urlOf(file), PORT: port });
    expectOneLine(ended, LISTEN_EXIT_CODES.port_in_use, /in use/);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('is not of this machine', async () => {
    const environment = urlOf(join(temporaryFolder(), 'jobgate.db'));
    const ended = await jobgate(['serve'], { ...environment, HOST: '192.0.2.1' });
    expectOneLine(ended, LISTEN_EXIT_CODES.address_unavailable, /not an address of this machine/);
  });
});

describe.each(['serve', 'check'])('a BACKUP_DIR that %s cannot use', (command) => {
  const wrong: [string, keyof typeof STORE_EXIT_CODES, (folder: string) => string, RegExp][] = [
    ['is a file', 'unusable', fileIn, / is not a folder: name another\n$/],
    [
      'is in a file',
      'unusable',
      (folder) => join(fileIn(folder), 'in'),
      / cannot be made, .* not a/,
    ],
    ['may not be written', 'no_permission', lockedIn, / cannot be written by this user: give/],
    ['may not be made', 'no_permission', (at) => join(lockedIn(at), 'in'), / cannot be written /],
  ];

  it.each(wrong)('%s: one line, and no database is made', async (_what, fault, make, message) => {
    const folder = temporaryFolder();
    const environment = {
      ...urlOf(join(folder, 'data', 'jobgate.db')),
      BACKUP_DIR: make(folder),
    };
    const { code, stderr } = await startJobgate([command], environment, unprivileged).ended;
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect(code).toBe(STORE_EXIT_CODES[fault]);
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  function fileIn(folder: string): string {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    return file;
  }

  function lockedIn(folder: string): string {
    const locked = join(folder, 'locked');
    mkdirSync(locked, 0o555);
    return locked;
  }
});

describe.each(['serve', 'check'])('a HOST that %s cannot have', (command) => {
  it.each(['fe80::1', 'jobgate.invalid'])('%s: one line', async (host) => {
    const environment = urlOf(join(temporaryFolder(), 'jobgate.db'));
    const { code, stderr } = await jobgate([command], { ...environment, HOST: host });
    expect(stderr).toMatch(/^Address [^\n]+set HOST[^\n]*\n$/);
    expect(code).toBe(LISTEN_EXIT_CODES.address_unavailable);
  });
});

describe('the configuration', () => {
  it('is wrong: a line for each variable', async () => {
    const ended = await jobgate(['serve'], { PORT: 'x', MAX_QUEUE_LENGHT: '5' });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr.trim().split('\n')).toEqual([
      'MAX_QUEUE_LENGHT is not a variable of Jobgate: did you mean MAX_QUEUE_LENGTH?',
      'PORT must be a whole number from 0 to 65535',
    ]);
  });
});
