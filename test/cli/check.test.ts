// `jobgate check`: finds what a start would trip over, and changes nothing.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { STORE_EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { jobgate, startServe, temporaryFolder } from './child.ts';

/** Every file of the folder with its bytes. */
function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder);
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(folder, name), 'base64')]),
  );
}

function newFolder() {
  const folder = temporaryFolder();
  return { folder, environment: { DATABASE_URL: `file:${join(folder, 'jobgate.db')}` } };
}

it('passes where nothing is yet, and makes nothing', async () => {
  const { folder, environment } = newFolder();
  const { code, stdout } = await jobgate(['check'], environment);
  expect(code).toBe(0);
  expect(stdout).toMatch(/will be made at the first start/);
  expect(readdirSync(folder)).toEqual([]);
});

it('looks at BACKUP_DIR, and makes it no more than the database', async () => {
  const { folder, environment } = newFolder();
  const checkWith = (dir: string) => jobgate(['check'], { ...environment, BACKUP_DIR: dir });
  const made = await checkWith(join(folder, 'backups'));
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/backups .*will be made/) });
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(await checkWith(file)).toMatchObject({
    code: STORE_EXIT_CODES.unusable,
    stderr: `BACKUP_DIR ${file} is not a folder: name another\n`,
  });
  expect(readdirSync(folder)).toEqual(['file']);
});

it('passes on a good database, and leaves every byte as it is', async () => {
  const { folder, environment } = newFolder();
  await jobgate(['keys', 'create', '--name', 'x', '--scopes', 'read'], environment);
  const before = contentOf(folder);
  const { code, stdout } = await jobgate(['check'], environment);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('is ok') });
  expect(contentOf(folder)).toEqual(before);
});

it('names the gateway that runs', async () => {
  const { environment } = newFolder();
  const { url } = await startServe(environment);
  const { code, stdout } = await jobgate(['check'], environment);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(url) });
});

it('fails as a start would, and leaves every byte as it is', async () => {
  const { folder, environment } = newFolder();
  writeFileSync(join(folder, 'jobgate.db'), 'these are my notes');
  const before = contentOf(folder);
  const { code, stderr } = await jobgate(['check'], environment);
  expect({ code, stderr }).toEqual({
    code: 11,
    stderr: expect.stringContaining('not an SQLite database'),
  });
  expect(contentOf(folder)).toEqual(before);
});

it('fails on a wrong variable', async () => {
  const { environment } = newFolder();
  const { code, stderr } = await jobgate(['check'], { ...environment, LOG_LEVEL: 'loud' });
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/^LOG_LEVEL /) });
});
