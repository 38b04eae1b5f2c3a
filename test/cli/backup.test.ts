// `jobgate backup` and `jobgate restore`: there and back, beside a gateway and after it.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { STORE_EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { jobgate, startServe, temporaryFolder } from './child.ts';

const API_KEY = 'backup-test-key';

it('copies a running gateway, refuses to restore over it, and restores once it stopped', async () => {
  const folder = temporaryFolder();
  const environment = { DATABASE_URL: `file:${join(folder, 'jobgate.db')}`, API_KEY };
  const file = join(folder, 'backup.db');
  const first = await startServe(environment);
  const kept = await submit(first.url);
  const copied = await jobgate(['backup', file], environment);
  expect(copied).toMatchObject({ code: 0, stderr: '' });
  expect(copied.stdout).toMatch(/backup\.db: 1 jobs, \d+ bytes, checked\n$/);
  const after = await submit(first.url);

  const refused = await jobgate(['restore', file], environment);
  expect(refused).toMatchObject({ code: STORE_EXIT_CODES.locked, stdout: '' });
  expect(refused.stderr).toContain(`(${first.url}): stop it`);
  expect((await status(first.url, after)).status).toBe(200);

  first.process.kill('SIGTERM');
  await first.ended;
  const restored = await jobgate(['restore', file], environment);
  expect(restored).toMatchObject({ code: 0, stderr: '' });
  expect(restored.stdout).toContain('; what it was before is ');
  const second = await startServe(environment);
  expect((await status(second.url, kept)).status).toBe(200);
  expect((await status(second.url, after)).status).toBe(404);
});

it('says in one line what is wrong with its arguments and its file', async () => {
  const folder = temporaryFolder();
  const database = join(folder, 'jobgate.db');
  const environment = { DATABASE_URL: `file:${database}` };
  const none = await jobgate(['backup', join(folder, 'new.db')], environment);
  expect(none).toMatchObject({ code: STORE_EXIT_CODES.unusable, stdout: '' });
  expect(none.stderr).toBe(`The database ${database} does not exist: check DATABASE_URL\n`);
  const text = join(folder, 'notes.txt');
  writeFileSync(text, 'not a database at all, but long enough to have a header');
  const bad = await jobgate(['restore', text], environment);
  expect(bad).toMatchObject({ code: STORE_EXIT_CODES.not_a_database, stdout: '' });
  expect(existsSync(database)).toBe(false);
});

async function post(url: string, path: string, body: object): Promise<Response> {
  return fetch(`${url}/v1/toolkit/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': API_KEY },
    body: JSON.stringify(body),
  });
}

async function submit(url: string): Promise<string> {
  const answer = await post(url, 'job/submit', { endpoint: '/v1/media/transcribe' });
  return ((await answer.json()) as { job_id: string }).job_id;
}

const status = (url: string, jobId: string) => post(url, 'job/status', { job_id: jobId });
