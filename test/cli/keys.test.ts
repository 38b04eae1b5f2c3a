// `jobgate keys`: on a database that nobody runs on, and beside a gateway.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { JOB_EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { FileLock } from '../../src/store/sqlite/file-lock.ts';
import { jobgate, startServe, temporaryFolder, type Environment } from './child.ts';

const CREATE = ['keys', 'create', '--name', 'ci', '--scopes', 'submit,work'];
const ADMIN = 'an-admin-key';

function newDatabase(): Environment {
  return { DATABASE_URL: `file:${join(temporaryFolder(), 'jobgate.db')}` };
}

async function statusWith(url: string, key: string): Promise<number> {
  const response = await fetch(`${url}/v1/toolkit/authenticate`, { headers: { 'x-api-key': key } });
  await response.arrayBuffer();
  return response.status;
}

/** Makes, lists and revokes a key; returns what the list said before and after. */
async function lifeOfAKey(environment: Environment) {
  const created = await jobgate(CREATE, environment);
  expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^jg_\w+\n$/) });
  const apiKey = created.stdout.trim();
  const keyId = apiKey.split('_')[1] ?? '';
  expect(created.stderr).toContain(keyId);
  const before = await jobgate(['keys', 'list'], environment);
  const revoked = await jobgate(['keys', 'revoke', keyId], environment);
  expect(revoked).toMatchObject({ code: 0, stdout: `Revoked key ${keyId}.\n` });
  const after = await jobgate(['keys', 'list', '--json'], environment);
  expect(before.stdout + after.stdout).not.toContain(apiKey);
  const shown = (JSON.parse(after.stdout) as { key_id: string }[]).find(
    (key) => key.key_id === keyId,
  );
  return { apiKey, keyId, before: before.stdout, shown };
}

describe('without a gateway', () => {
  it('opens the database itself', async () => {
    const { keyId, before, shown } = await lifeOfAKey(newDatabase());
    expect(before).toMatch(new RegExp(`^${keyId} +default +submit,work +live +ci$`, 'm'));
    expect(shown).toMatchObject({
      name: 'ci',
      tenant: 'default',
      scopes: ['submit', 'work'],
      expires_at: null,
      revoked_at: expect.any(Number),
    });
  });

  it('makes a key that the next gateway knows, instead of a first key', async () => {
    const environment = newDatabase();
    const { stdout } = await jobgate(CREATE, environment);
    const gateway = await startServe(environment);
    expect(await statusWith(gateway.url, stdout.trim())).toBe(200);
    expect(existsSync(`${environment['DATABASE_URL']?.slice('file:'.length)}.admin-key`)).toBe(
      false,
    );
  });

  it('lets a key expire', async () => {
    const environment = newDatabase();
    const before = Date.now();
    await jobgate([...CREATE, '--expires-in-days', '2'], environment);
    const { stdout } = await jobgate(['keys', 'list', '--json'], environment);
    const [key] = JSON.parse(stdout) as { expires_at: number }[];
    const days = ((key?.expires_at ?? 0) - before) / 86_400_000;
    expect(days).toBeGreaterThanOrEqual(2);
    expect(days).toBeLessThan(2.01);
  });

  it('makes no database to look into it', async () => {
    const environment = newDatabase();
    const { code, stderr } = await jobgate(['keys', 'list'], environment);
    expect(code).toBe(18);
    expect(stderr).toMatch(
      /^The database .* does not exist: set DATABASE_URL as the gateway has it\n$/,
    );
  });
});

describe('beside a gateway', () => {
  it('goes through it', async () => {
    const environment = newDatabase();
    const gateway = await startServe({ ...environment, API_KEY: ADMIN });
    const beside = { ...environment, JOBGATE_API_KEY: ADMIN };
    const { apiKey, before, keyId, shown } = await lifeOfAKey(beside);
    expect(before).toMatch(new RegExp(`^${keyId} +default +submit,work +live +ci$`, 'm'));
    expect(shown).toMatchObject({ revoked_at: expect.any(Number) });
    expect(await statusWith(gateway.url, apiKey)).toBe(401);
  });

  it('says what to set where the key is missing or wrong', async () => {
    const environment = newDatabase();
    const gateway = await startServe({ ...environment, API_KEY: ADMIN });
    const without = await jobgate(['keys', 'list'], environment);
    expect(without).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `A gateway runs on this database at ${gateway.url}: set JOBGATE_API_KEY to an admin key of it\n`,
    });
    const wrong = await jobgate(['keys', 'list'], { ...environment, JOBGATE_API_KEY: 'wrong' });
    expect(wrong).toMatchObject({
      code: JOB_EXIT_CODES.refused,
      stderr: 'The gateway answered 401 Unauthorized: set JOBGATE_API_KEY to an admin key of it\n',
    });
    const admin = { ...environment, JOBGATE_API_KEY: ADMIN };
    const { stdout } = await jobgate([...CREATE.slice(0, -1), 'read'], admin);
    const lesser = { ...environment, JOBGATE_API_KEY: stdout.trim() };
    const refused = await jobgate(['keys', 'list'], lesser);
    expect(refused).toMatchObject({
      code: JOB_EXIT_CODES.refused,
      stderr: expect.stringMatching(/^The gateway answered 403 .*set JOBGATE_API_KEY.*\n$/),
    });
  });

  it.each([
    [null, / does not answer yet: try again\n$/],
    ['http://127.0.0.1:1', /^The gateway does not answer at http:\S+\n$/],
  ])('says that one at %j does not answer', async (url, message) => {
    const environment = newDatabase();
    const path = environment['DATABASE_URL']!.slice('file:'.length);
    const lock = FileLock.acquire(path, process.pid);
    onTestFinished(() => lock.release());
    lock.publish({ url });
    const ended = await jobgate(['keys', 'list'], { ...environment, JOBGATE_API_KEY: ADMIN });
    expect(ended).toMatchObject({ code: JOB_EXIT_CODES.unreachable, stdout: '' });
    expect(ended.stderr).toMatch(message);
  });
});

describe('refused', () => {
  it.each([
    [['create', '--scopes', 'read'], '--name is missing: give what people will call this key'],
    [['create', '--name', 'x'], '--scopes is missing: give some of read, submit, work, admin'],
    [
      ['create', '--name', 'x', '--scopes', 'read,fly'],
      '"fly" is not a scope: use read, submit, work, admin',
    ],
    [[...CREATE.slice(1), '--expires-in-days', '0'], '--expires-in-days takes 1 to 99999'],
    [['revoke'], 'Say which key: jobgate keys revoke KEY_ID'],
    [['rotate', 'x', '--overlap-hours', '721'], '--overlap-hours takes 0 to 720'],
    [['list', 'all'], 'Unexpected "all": see --help'],
  ])('jobgate keys %j', async (args, line) => {
    const ended = await jobgate(['keys', ...args], newDatabase());
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: `${line}\n` });
  });

  it('an id that no key has', async () => {
    const environment = newDatabase();
    await jobgate(CREATE, environment);
    const ended = await jobgate(['keys', 'revoke', '0123456789ab'], environment);
    expect(ended).toMatchObject({
      code: 1,
      stderr: 'No key has the id 0123456789ab: see jobgate keys list\n',
    });
  });
});
