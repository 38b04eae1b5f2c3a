// job.get: the flat view of a job in every state.
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import type { JobView } from '../../src/index.ts';
import {
  ENDPOINT,
  expectAnswer,
  finishJob,
  post,
  refusal,
  startJob,
  submitJob,
  trpcClient,
  UNKNOWN_ID,
} from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const get = (job_id: string) => post(gateway, 'read', 'job/get', { job_id });

describe('200', () => {
  it('queued', async () => {
    const payload = { media_url: 'https://example.com/talk.mp3' };
    const jobId = await submitJob(gateway, { id: 'mine', payload, priority: 3 });
    const { status, json } = await get(jobId.toUpperCase());
    expect(status).toBe(200);
    expect(json).toMatchObject({
      job_id: jobId,
      id: 'mine',
      endpoint: ENDPOINT,
      job_status: 'queued',
      payload,
      code: null,
      result: null,
      error: null,
      attempt: 1,
      attempts: [],
      worker_id: null,
      priority: 3,
      cancel_requested: false,
      started_at: null,
      ended_at: null,
      version: 1,
    });
    await gateway.services.store.cancel({ tenant: 'default', jobId });
  });

  it('running', async () => {
    const lease = await startJob(gateway);
    await post(gateway, 'work', 'worker/heartbeat', { ...lease, progress: { percent: 40 } });
    expect((await get(lease.job_id)).json).toMatchObject({
      job_status: 'running',
      code: null,
      progress: { percent: 40 },
      fence: 1,
      worker_id: 'tester',
      started_at: expect.any(Number),
      attempts: [{ fence: 1, worker_id: 'tester', pid: null, ended_at: null, outcome: null }],
    });
    await post(gateway, 'work', 'worker/complete', { ...lease, result: null });
  });

  it('done, with its result as it came', async () => {
    const result = { é: [1, { deep: null }], text: '\ud83d\ude00' };
    const { job_id } = await finishJob(gateway, result);
    const { json } = await get(job_id);
    expect(json).toMatchObject({ job_status: 'done', code: 200, error: null });
    expect(json.result).toEqual(result);
    expect(json.ended_at).toBeGreaterThanOrEqual(json.started_at);
  });

  it('failed, with the reason', async () => {
    const lease = await startJob(gateway);
    const failure = { message: 'not audio', code: 422, retry: false };
    await post(gateway, 'work', 'worker/fail', { ...lease, ...failure });
    expect((await get(lease.job_id)).json).toMatchObject({
      job_status: 'failed',
      code: 422,
      result: null,
      error: 'not audio',
      attempts: [{ outcome: 'failed', message: 'not audio' }],
    });
  });

  it('over tRPC the same, typed', async () => {
    const { job_id } = await finishJob(gateway);
    const typed = await trpcClient(gateway, gateway.keys.read).job.get.query({ job_id });
    expectTypeOf(typed.job_status).toEqualTypeOf<JobView['job_status']>();
    expectTypeOf(typed.ended_at).toEqualTypeOf<number | null>();
    expect(typed).toEqual((await get(job_id)).json);
  });
});

describe('404', () => {
  it('for a job that is not there, and for one of another tenant', async () => {
    expectAnswer(await get(UNKNOWN_ID), 404, { error: 'Job not found', job_id: UNKNOWN_ID });
    const { job_id } = await finishJob(gateway);
    const key = await createTestKey(gateway.services, 'admin', 'other');
    const foreign = await gateway.request('POST', '/v1/toolkit/job/get', { key, body: { job_id } });
    expectAnswer(foreign, 404, { error: 'Job not found', job_id });
    const over = await refusal(trpcClient(gateway, key).job.get.query({ job_id }));
    expect(over).toMatchObject({ httpStatus: 404, reason: 'job_not_found', job_id });
  });
});
