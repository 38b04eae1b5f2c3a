// The Python worker: a real child process at a real gateway, from success to cancellation and stops.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startJobgate, temporaryFolder, type Child } from '../cli/child.ts';
import { post } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';
import { useGateway } from '../used-gateway.ts';
import { endOf, getJob, submit } from '../worker/test-worker.ts';

const ENDPOINT = '/v1/text/count';
const WORKER = fileURLToPath(new URL('../../examples/python-worker/worker.py', import.meta.url));

/** Takes a minute, unless it is stopped. */
const LONG = { text: 'word '.repeat(600), pause_seconds: 0.1 };

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) process.stderr.write('No python3 on this machine: its worker is not tested.\n');

function startWorker({ url, keys }: TestGateway, key = keys.work): Child {
  const environment = { JOBGATE_URL: url, JOBGATE_API_KEY: key, PYTHONDONTWRITEBYTECODE: '1' };
  return startJobgate([], environment, () => ['python3', WORKER]);
}

const submitText = (gateway: TestGateway, payload: object, fields: object = {}) =>
  submit(gateway, ENDPOINT, { payload, ...fields });

/** The job, once this is true of it. */
async function jobOnce(gateway: TestGateway, jobId: string, isSo: (job: any) => boolean) {
  const check = async () => isSo(await getJob(gateway, jobId));
  await expect.poll(check, { interval: 20, timeout: 15_000 }).toBe(true);
  return getJob(gateway, jobId);
}

const stop = (worker: Child, signal: NodeJS.Signals = 'SIGTERM') => {
  worker.process.kill(signal);
  return worker.ended;
};

describe.skipIf(!hasPython)('the Python worker (left out where there is no python3)', () => {
  it('runs a job, and the next', async () => {
    const gateway = await useGateway();
    const worker = startWorker(gateway);
    const texts = ['', 'Grüße, "Welt"\nzwei\n', '\ud83d\ude00 \u2028 a'];
    const ends = [];
    for (const text of texts) {
      ends.push((await endOf(gateway, await submitText(gateway, { text }))).response);
    }
    expect(ends).toMatchObject([
      { code: 200, response: { lines: 0, words: 0, characters: 0 }, pid: worker.process.pid },
      { code: 200, response: { lines: 2, words: 3, characters: 19 } },
      { code: 200, response: { words: 2, characters: 5 } },
    ]);
  });

  it('tells how far it is', async () => {
    const gateway = await useGateway();
    startWorker(gateway);
    const jobId = await submitText(gateway, LONG);
    const { progress } = await jobOnce(gateway, jobId, (job) => job.progress?.percent > 0);
    expect(progress).toEqual({ percent: expect.any(Number), phase: 'count' });
    expect(progress.percent).toBeLessThan(10);
  });

  it('fails a job for good where another attempt would not help', async () => {
    const gateway = await useGateway();
    startWorker(gateway);
    const jobId = await submitText(gateway, { text: 7 });
    expect((await endOf(gateway, jobId)).job_status).toBe('failed');
    expect(await getJob(gateway, jobId)).toMatchObject({
      code: 422,
      error: 'The payload needs a text, a string',
      attempt: 1,
      attempts: [{ outcome: 'failed' }],
    });
  });

  it('has a job tried again where its handler threw', async () => {
    const gateway = await useGateway();
    startWorker(gateway);
    const jobId = await submitText(gateway, { text: 'a b', pause_seconds: 'long' });
    const job = await jobOnce(gateway, jobId, ({ attempt }) => attempt === 2);
    expect(job).toMatchObject({ job_status: 'queued', attempts: [{ outcome: 'failed' }] });
    expect(job.attempts[0].message).toMatch(/^TypeError: /);
    expect(job.run_at).toBeGreaterThan(job.attempts[0].ended_at);
  });

  it('stops a job whose cancellation was requested, and goes on with the next', async () => {
    const gateway = await useGateway();
    const worker = startWorker(gateway);
    const job_id = await submitText(gateway, LONG);
    await worker.line(`job ${job_id}: attempt 1`);
    await post(gateway, 'submit', 'job/cancel', { job_id });
    const { job_status, response } = await endOf(gateway, job_id);
    expect({ job_status, code: response.code }).toEqual({ job_status: 'cancelled', code: 499 });
    const next = await submitText(gateway, { text: 'a' });
    expect((await endOf(gateway, next)).job_status).toBe('done');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('hands its job back on %s', async (signal) => {
    const gateway = await useGateway();
    const worker = startWorker(gateway);
    const jobId = await submitText(gateway, LONG);
    await worker.line(`job ${jobId}: attempt 1`);
    expect(await stop(worker, signal)).toMatchObject({ code: 0, stderr: '' });
    expect(await getJob(gateway, jobId)).toMatchObject({
      job_status: 'queued',
      attempt: 1,
      lost_leases: 0,
      queue_position: 0,
      attempts: [{ outcome: 'released' }],
    });
  });

  it('stops while it waits for work, within the time of a claim', async () => {
    const gateway = await useGateway();
    const worker = startWorker(gateway);
    await expect.poll(() => gateway.services.queue.waiting, { interval: 20 }).toBe(1);
    expect(await stop(worker)).toMatchObject({ code: 0, stderr: '' });
  });

  it('drops a job that it lost, and takes it up again as anybody would', async () => {
    const clock = new HeldClock();
    const gateway = await useGateway({ clock });
    const worker = startWorker(gateway);
    const jobId = await submitText(gateway, { text: 'a b c', pause_seconds: 1.1 });
    await jobOnce(gateway, jobId, ({ progress }) => progress !== null);
    clock.advance(31);
    expect(await gateway.services.store.expireLeases(1)).toBe(1);
    await worker.line(`job ${jobId}: lost`);
    expect(await endOf(gateway, jobId)).toMatchObject({ job_status: 'done' });
    expect(await getJob(gateway, jobId)).toMatchObject({
      result: { words: 3 },
      attempts: [{ outcome: 'lease_lost' }, { outcome: 'done' }],
    });
  });

  it('survives a restart of the gateway, and reports a job that it ran meanwhile', async () => {
    const databasePath = join(temporaryFolder(), 'jobgate.db');
    const before = await startTestGateway({ databasePath });
    const worker = startWorker(before);
    const jobId = await submitText(before, { text: 'a b c', pause_seconds: 0.2 });
    await worker.line(`job ${jobId}: attempt 1`);
    await before.close();
    await worker.line('trying again');
    const after = await useGateway({ databasePath, port: Number(new URL(before.url).port) });
    expect((await endOf(after, jobId)).response).toMatchObject({ response: { words: 3 } });
    expect(await getJob(after, jobId)).toMatchObject({ fence: 1, attempts: [{ outcome: 'done' }] });
    const next = await submitText(after, { text: 'a' });
    expect((await endOf(after, next)).job_status).toBe('done');
  });

  it('ends with one line where the gateway does not take its key', async () => {
    const gateway = await useGateway();
    const { code, stderr } = await startWorker(gateway, gateway.keys.read).ended;
    const missing = 'the gateway answered 403: This key lacks the scope "work"';
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `${gateway.url} gives this worker no jobs: ${missing}\n`,
    });
  });
});
