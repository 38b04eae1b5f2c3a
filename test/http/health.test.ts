// The health paths: open, in our words, and nothing of the inside; a full disk is in full-disk.test.ts.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDPOINT, expectAnswer, post, submitJob } from '../clients.ts';
import { mountFailingDisk } from '../failing-disk.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';
import { useGateway } from '../used-gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

describe.each([
  ['/healthz', { status: 'alive' }],
  ['/readyz', { status: 'ready' }],
])('GET %s', (path, body) => {
  it('answers 200 without a key, and to a bad one the same', async () => {
    expectAnswer(await gateway.request('GET', path), 200, body);
    expectAnswer(await gateway.request('GET', path, { key: 'not a key' }), 200, body);
    expect((await gateway.request('HEAD', path)).status).toBe(200);
  });

  it('answers 405 to other methods', async () => {
    const answer = await gateway.request('POST', path, { body: {} });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });
});

/** The gateway keeps 16 MiB of it in reserve. */
const disk = mountFailingDisk(64 * 1024 * 1024);

afterAll(() => disk?.remove());

it.runIf(disk)('a file system that became read-only is told, and outlived', async () => {
  const clock = new HeldClock();
  const databasePath = join(disk!.folder, 'jobgate.db');
  const failing = await useGateway({ clock, databasePath });
  const job_id = await submitJob(failing);
  expect((await failing.request('GET', '/readyz')).status).toBe(200);

  disk!.fail();
  clock.advance(10);
  expectAnswer(await failing.request('GET', '/readyz'), 503, {
    error: 'The gateway takes no new work in: its store cannot be written',
    code: 503,
  });
  expectAnswer(await post(failing, 'submit', 'job/submit', { endpoint: ENDPOINT }), 503, {
    error: 'The job store is unavailable: it cannot be read or written now',
    code: 503,
  });
  expect((await failing.request('GET', '/healthz')).status).toBe(200);
  const { json } = await post(failing, 'read', 'job/status', { job_id });
  expect(json.response.job_status).toBe('queued');
});
