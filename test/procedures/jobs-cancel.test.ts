// jobs.cancel: waiting jobs end, workers of running ones are asked to stop, ended ones stay.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDPOINT, finishJob, post, startJob, submitJob } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { describeSelections } from './many-jobs.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const cancel = async (body: object) => (await post(gateway, 'submit', 'jobs/cancel', body)).json;

describe('200', () => {
  it('cancels what waits and asks what runs to stop; only that can match', async () => {
    const done = await finishJob(gateway);
    const running = await startJob(gateway);
    const queued = await submitJob(gateway, { delay_seconds: 3600 });
    expect(await cancel({ endpoint: ENDPOINT, dry_run: true })).toEqual({ matched: 2, changed: 0 });
    const { job_ids } = { job_ids: [done.job_id, running.job_id, queued] };
    expect(await cancel({ job_ids })).toEqual({ matched: 2, changed: 2 });
    const get = async (job_id: string) => (await post(gateway, 'read', 'job/get', { job_id })).json;
    expect(await get(queued)).toMatchObject({ job_status: 'cancelled', code: 499 });
    expect(await get(running.job_id)).toMatchObject({
      job_status: 'running',
      cancel_requested: true,
    });
    expect(await get(done.job_id)).toMatchObject({ job_status: 'done' });
    expect(await cancel({ job_status: 'running' })).toEqual({ matched: 1, changed: 0 });
    await post(gateway, 'work', 'worker/release', running);
    expect(await cancel({ since: 0 })).toEqual({ matched: 0, changed: 0 });
  });
});

describeSelections(
  () => gateway,
  'cancel',
  (id) => submitJob(gateway, { id }),
);
