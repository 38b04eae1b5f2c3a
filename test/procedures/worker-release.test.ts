// worker.release: a job handed back waits again, and has not used up an attempt.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimJob, expectAnswer, post, startJob, trpcClient } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { describeLeaseErrors } from './lease-errors.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

describe('200', () => {
  it('queued, the attempt not burnt, and again for the same call', async () => {
    const lease = await startJob(gateway);
    const { job_id } = lease;
    for (let n = 0; n < 2; n += 1) {
      const answer = await post(gateway, 'work', 'worker/release', lease);
      expectAnswer(answer, 200, { job_id, job_status: 'queued' });
    }
    const { json } = await post(gateway, 'read', 'job/get', { job_id });
    expect(json).toMatchObject({ attempt: 1, fence: 1, attempts: [{ outcome: 'released' }] });
    const next = await claimJob(gateway);
    const { mutate } = trpcClient(gateway, gateway.keys.work).worker.release;
    expect(await mutate(next)).toEqual({ job_id, job_status: 'queued' });
    const last = await claimJob(gateway);
    await post(gateway, 'work', 'worker/complete', { ...last, result: null });
  });

  it('cancelled where that was asked for', async () => {
    const lease = await startJob(gateway);
    const { job_id } = lease;
    await gateway.services.store.cancel({ tenant: 'default', jobId: job_id });
    const answer = await post(gateway, 'work', 'worker/release', lease);
    expectAnswer(answer, 200, { job_id, job_status: 'cancelled' });
  });
});

describe('409', () => {
  describeLeaseErrors(() => gateway, 'release', {});
});
