// `jobgate serve` as a process: its first key, its signals, and what is left behind.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import { startServe, startJobgate, temporaryFolder, type Child } from './child.ts';
import { halfARequest } from './half-request.ts';

const KEY = 'key-of-the-test';

function newDatabase(): { file: string; keyFile: string; environment: Record<string, string> } {
  const file = join(temporaryFolder(), 'jobgate.db');
  const keyFile = `${file}.admin-key`;
  return { file, keyFile, environment: { DATABASE_URL: `file:${file}` } };
}

async function stop({ process: child, ended }: Child, signal: NodeJS.Signals = 'SIGTERM') {
  child.kill(signal);
  return ended;
}

async function statusWith(url: string, key: string): Promise<number> {
  const response = await fetch(`${url}/v1/toolkit/authenticate`, { headers: { 'x-api-key': key } });
  await response.arrayBuffer();
  return response.status;
}

function post(url: string, path: string, body: object): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** What comes back when the body follows, up to the end of the connection. */
async function finish(socket: Socket, body: string): Promise<string> {
  const answered = text(socket);
  socket.write(body);
  return answered;
}

it('keeps its compiled code for the next start, also when it is killed', async () => {
  const { environment } = newDatabase();
  const folder = temporaryFolder();
  const gateway = await startServe({ ...environment, TMPDIR: folder });
  const kept = () => readdirSync(folder, { recursive: true }).length;
  await vi.waitFor(() => expect(kept()).toBeGreaterThan(40), 5000);
  expect((await stop(gateway, 'SIGKILL')).signal).toBe('SIGKILL');
});

it('listens once where HOST is a name with two addresses, as localhost may be', async () => {
  const { environment } = newDatabase();
  const gateway = await startServe({ ...environment, HOST: 'localhost', API_KEY: KEY });
  expect(await statusWith(gateway.url, KEY)).toBe(200);
  await stop(gateway);
  expect(gateway.lines.filter((line) => line.includes('Server listening at'))).toHaveLength(1);
});

describe('the first key, without a terminal', () => {
  it('goes to a file only its owner reads, and only the name of the file is logged', async () => {
    const { keyFile, environment } = newDatabase();
    const gateway = await startServe(environment);
    await gateway.line(keyFile);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const key = readFileSync(keyFile, 'utf8').trim();
    expect(await statusWith(gateway.url, key)).toBe(200);
    const { code, stdout, stderr } = await stop(gateway);
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain(key.split('_')[2]);
    expect(stderr).toBe('');
  });

  it('is made once', async () => {
    const { keyFile, environment } = newDatabase();
    await stop(await startServe(environment));
    const key = readFileSync(keyFile, 'utf8');
    const again = await startServe(environment);
    expect(await statusWith(again.url, key.trim())).toBe(200);
    expect((await stop(again)).stdout).not.toContain('admin key');
    expect(readFileSync(keyFile, 'utf8')).toBe(key);
  });

  it('is made anew where a start ended before its key was stored', async () => {
    const { keyFile, environment } = newDatabase();
    writeFileSync(keyFile, 'jg_half', { mode: 0o644 });
    const gateway = await startServe(environment);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(await statusWith(gateway.url, readFileSync(keyFile, 'utf8').trim())).toBe(200);
  });

  it('is not made where API_KEY is given', async () => {
    const { keyFile, environment } = newDatabase();
    const gateway = await startServe({ ...environment, API_KEY: KEY });
    expect(existsSync(keyFile)).toBe(false);
    expect(await statusWith(gateway.url, KEY)).toBe(200);
  });
});

it('on a terminal it says where it is and shows the first key once', async () => {
  const { keyFile, environment } = newDatabase();
  // `script` gives the child a terminal of its own.
  const inTerminal = (command: string[]) => ['script', '-qec', command.join(' '), '/dev/null'];
  const child = startJobgate(['serve'], environment, inTerminal);
  const shown = await child.line('Admin key');
  const key = /jg_\w+/.exec(shown)?.[0] ?? '';
  const url = /http:\/\/\S+/.exec(await child.line('Jobgate   '))?.[0] ?? '';
  expect(await statusWith(url, key)).toBe(200);
  expect(existsSync(keyFile)).toBe(false);
});

describe('stopping', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s answers who waits and exits 0', async (signal) => {
    const { file, environment } = newDatabase();
    const gateway = await startServe({ ...environment, API_KEY: KEY });
    const submitted = await post(gateway.url, '/v1/toolkit/job/submit', { endpoint: '/v1/x' });
    const { job_id } = (await submitted.json()) as { job_id: string };
    const waiting = post(gateway.url, '/v1/toolkit/job/status', { job_id, wait_seconds: 55 });
    // Answered after the wait began: requests on one connection pool are read in order of arrival.
    await statusWith(gateway.url, KEY);
    const { code, signal: killedBy } = await stop(gateway, signal);
    expect({ code, killedBy }).toEqual({ code: 0, killedBy: null });
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ response: { job_status: 'queued' } });
    expect(existsSync(`${file}-wal`)).toBe(false);
    expect(existsSync(`${file}.holder`)).toBe(false);
  });

  it('finishes uploads, hands no work out, and ends connections that are kept open', async () => {
    const { environment } = newDatabase();
    const gateway = await startServe({ ...environment, API_KEY: KEY });
    const { url } = gateway;
    const job = JSON.stringify({ endpoint: '/v1/x' });
    const claim = JSON.stringify({ worker_id: 'w', endpoints: ['/v1/x'] });
    await post(url, '/v1/toolkit/job/submit', { endpoint: '/v1/x' });
    const upload = await halfARequest(url, KEY, '/v1/toolkit/job/submit', job.length);
    const claiming = await halfARequest(url, KEY, '/v1/toolkit/worker/claim', claim.length);
    gateway.process.kill('SIGTERM');
    await gateway.line('stopping');
    await expect.poll(() => statusWith(url, KEY).catch(() => 'refused')).toBe('refused');
    const refused = await finish(claiming, claim);
    expect(refused).toMatch(/^HTTP\/1\.1 503 .*\r\nretry-after: 5\r\n/s);
    const accepted = await finish(upload, job);
    expect(accepted).toMatch(/^HTTP\/1\.1 202 .*\r\nconnection: close\r\n/is);
    expect((await gateway.ended).code).toBe(0);
    const again = await startServe({ ...environment, API_KEY: KEY });
    const stats = await post(again.url, '/v1/toolkit/jobs/stats', {});
    expect(await stats.json()).toMatchObject({ by_status: { queued: 2, running: 0 } });
  });

  it('a second signal ends it at once', async () => {
    const { environment } = newDatabase();
    const gateway = await startServe({ ...environment, API_KEY: KEY });
    const socket = await halfARequest(gateway.url, KEY, '/v1/toolkit/job/status', 99);
    gateway.process.kill('SIGTERM');
    await gateway.line('stopping');
    gateway.process.kill('SIGTERM');
    expect((await gateway.ended).code).toBe(128 + 15);
    socket.destroy();
  });

  it('after kill -9 the next start has the jobs', async () => {
    const { environment } = newDatabase();
    const first = await startServe({ ...environment, API_KEY: KEY });
    const submitted = await post(first.url, '/v1/toolkit/job/submit', { endpoint: '/v1/x' });
    const { job_id } = (await submitted.json()) as { job_id: string };
    await stop(first, 'SIGKILL');
    const second = await startServe({ ...environment, API_KEY: KEY });
    const answer = await post(second.url, '/v1/toolkit/job/status', { job_id });
    expect(await answer.json()).toMatchObject({ response: { job_status: 'queued' } });
  });
});

it('logs JSON lines without keys or payloads', async () => {
  const { environment } = newDatabase();
  const gateway = await startServe({ ...environment, API_KEY: KEY, LOG_LEVEL: 'trace' });
  const secret = 'a secret of the payload';
  const answer = await post(gateway.url, '/v1/toolkit/job/submit', {
    endpoint: '/v1/x',
    payload: { secret },
  });
  expect(answer.status).toBe(202);
  const { stdout } = await stop(gateway);
  const lines = stdout.trim().split('\n');
  expect(lines.every((line) => typeof JSON.parse(line) === 'object')).toBe(true);
  expect(stdout).not.toContain(secret);
  expect(stdout).not.toContain(KEY);
});
