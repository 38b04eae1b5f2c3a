// `jobgate salvage`: from a gateway that refuses to start to one that serves what was whole.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { STORE_EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { jobgate, startServe, temporaryFolder } from './child.ts';

const urlOf = (file: string) => ({ DATABASE_URL: `file:${file}` });

async function madeDatabase(): Promise<string> {
  const file = join(temporaryFolder(), 'jobgate.db');
  const make = ['keys', 'create', '--name', 'kept', '--scopes', 'read'];
  expect((await jobgate(make, urlOf(file))).code).toBe(0);
  return file;
}

it('is named by a start that was refused, and makes one possible', async () => {
  const file = await madeDatabase();
  const bytes = readFileSync(file);
  bytes.subarray(0, 100).fill(0);
  writeFileSync(file, bytes);
  const refused = await jobgate(['serve'], urlOf(file));
  expect(refused.code).toBe(STORE_EXIT_CODES.not_a_database);
  expect(refused.stderr).toContain(`jobgate salvage ${file}`);

  const { code, stdout, stderr } = await jobgate(['salvage', file]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /^Written to \S+\.salvaged:\n(.|\n)* keys +1\n(.|\n)*Not saved:\n +jobs +not known\n/,
  );
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect((await jobgate(['keys', 'list'], urlOf(`${file}.salvaged`))).stdout).toContain('kept');
});

it('writes where it is told, and never over a file', async () => {
  const file = await madeDatabase();
  const out = join(temporaryFolder(), 'whole.db');
  expect((await jobgate(['salvage', file, out])).code).toBe(0);
  const before = readFileSync(out);
  const second = await jobgate(['salvage', file, out]);
  expect(second).toMatchObject({ stdout: '', code: STORE_EXIT_CODES.unusable });
  expect(second.stderr).toBe(`${out} exists: name another file to salvage to\n`);
  expect(readFileSync(out).equals(before)).toBe(true);
});

it('does not touch the database of a gateway that runs', async () => {
  const file = await madeDatabase();
  const { url } = await startServe(urlOf(file));
  const { code, stderr } = await jobgate(['salvage', file]);
  expect(code).toBe(STORE_EXIT_CODES.locked);
  expect(stderr).toContain(url);
  expect(existsSync(`${file}.salvaged`)).toBe(false);
});

it.each([
  [[], 2, 'Say which file: jobgate salvage FILE [OUT]\n'],
  [
    ['/nowhere/jobgate.db'],
    1,
    'The database /nowhere/jobgate.db does not exist, and no log of it either\n',
  ],
  [['a', 'b', 'c'], 2, 'Unexpected "c": see --help\n'],
])('%j', async (args, code, line) => {
  expect(await jobgate(['salvage', ...args])).toMatchObject({ code, stdout: '', stderr: line });
});
