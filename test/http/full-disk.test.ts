// A full disk, over HTTP: 503 for new work, 200 for every question, and what runs can still end.
import { join } from 'node:path';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { ENDPOINT, post, startJob } from '../clients.ts';
import { startTestGateway, type TestAnswer, type TestGateway } from '../gateway.ts';
import { mountSmallDisk } from '../small-disk.ts';

const MIB = 1024 * 1024;
/** The gateway keeps 16 MiB in reserve, and wants as much again before it takes work in. */
const disk = mountSmallDisk(48 * MIB);

afterAll(() => disk?.remove());

const RESULT = { text: 'r'.repeat(50_000) };

function submit(gateway: TestGateway, text: string): Promise<TestAnswer> {
  return post(gateway, 'submit', 'job/submit', { endpoint: ENDPOINT, payload: { text } });
}

function claim(gateway: TestGateway): Promise<TestAnswer> {
  return post(gateway, 'work', 'worker/claim', { worker_id: 'w', endpoints: [ENDPOINT] });
}

function expectNoRoom({ status, headers, json }: TestAnswer): void {
  expect(status).toBe(503);
  expect(json).toEqual({ error: 'The job store is unavailable: its disk is full', code: 503 });
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
}

/** Submits until one is refused: the ids of all that were acknowledged. */
async function submitUntilRefused(gateway: TestGateway): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const answer = await submit(gateway, 'x'.repeat(100_000));
    if (answer.status !== 202) return (expectNoRoom(answer), ids);
    ids.push(answer.json.job_id);
  }
}

async function statusOf(gateway: TestGateway, jobId: string): Promise<string> {
  const answer = await post(gateway, 'read', 'job/status', { job_id: jobId });
  expect(answer.status).toBe(200);
  return answer.json.response.job_status;
}

/** Asks again until it is taken in, within the test's time. */
async function submitWhenHealed(gateway: TestGateway): Promise<TestAnswer> {
  for (;;) {
    const answer = await submit(gateway, 'late');
    if (answer.status === 202) return answer;
    expectNoRoom(answer);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it.runIf(disk)('is said, survived and over by itself', async () => {
  const { folder, fill, free } = disk!;
  const gateway = await startTestGateway({ databasePath: join(folder, 'jobgate.db') });
  onTestFinished(() => gateway.close());
  const lease = await startJob(gateway);

  fill();
  const ids = await submitUntilRefused(gateway);
  expectNoRoom(await claim(gateway));
  expect((await gateway.request('GET', '/readyz')).status).toBe(503);
  expect((await gateway.request('GET', '/healthz')).status).toBe(200);
  for (const jobId of ids) expect(await statusOf(gateway, jobId)).toBe('queued');

  const beat = { ...lease, progress: { percent: 90 } };
  expect((await post(gateway, 'work', 'worker/heartbeat', beat)).status).toBe(200);
  const done = { ...lease, result: RESULT };
  expect((await post(gateway, 'work', 'worker/complete', done)).status).toBe(200);
  expect(await statusOf(gateway, lease.job_id)).toBe('done');
  expectNoRoom(await submit(gateway, 'still none'));

  free();
  const late = await submitWhenHealed(gateway);
  expect((await gateway.request('GET', '/readyz')).status).toBe(200);
  expect(await statusOf(gateway, late.json.job_id)).toBe('queued');
  expect((await claim(gateway)).json.jobs).toHaveLength(1);
});
