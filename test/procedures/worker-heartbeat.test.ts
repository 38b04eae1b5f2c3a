// worker.heartbeat: keeps a lease, tells how far the work is, and learns of a cancellation.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAnswer, post, refusal, startJob, trpcClient } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { describeLeaseErrors } from './lease-errors.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const beat = (body: object) => post(gateway, 'work', 'worker/heartbeat', body);

describe('200', () => {
  it('keeps the length of the lease or takes another', async () => {
    const lease = await startJob(gateway);
    expectAnswer(await beat(lease), 200, { cancel_requested: false, lease_seconds: 30 });
    const longer = await beat({ ...lease, lease_seconds: 90 });
    expectAnswer(longer, 200, { cancel_requested: false, lease_seconds: 90 });
    const { mutate } = trpcClient(gateway, gateway.keys.work).worker.heartbeat;
    expect(await mutate(lease)).toEqual({ cancel_requested: false, lease_seconds: 90 });
    await post(gateway, 'work', 'worker/complete', { ...lease, result: null });
  });

  it('tells of a cancellation', async () => {
    const lease = await startJob(gateway);
    await gateway.services.store.cancel({ tenant: 'default', jobId: lease.job_id });
    expectAnswer(await beat(lease), 200, { cancel_requested: true, lease_seconds: 30 });
    await post(gateway, 'work', 'worker/release', lease);
  });
});

describe('400', () => {
  it.each([
    ['lease_seconds', { lease_seconds: 4 }],
    ['progress.percent', { progress: { percent: 101 } }],
    ['progress.phase', { progress: { phase: 'a\0b' } }],
    ['progress.prcent', { progress: { prcent: 1 } }],
  ])('where %s is wrong', async (path, fields) => {
    const lease = await startJob(gateway);
    const { status, json } = await beat({ ...lease, ...fields });
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path });
    const { mutate } = trpcClient(gateway, gateway.keys.work).worker.heartbeat;
    const over = await refusal(mutate({ ...lease, ...fields } as never));
    expect(over).toMatchObject({ httpStatus: 400, issues: json.issues });
    await post(gateway, 'work', 'worker/complete', { ...lease, result: null });
  });
});

describe('409', () => {
  describeLeaseErrors(() => gateway, 'heartbeat', {});
});
