// What every endpoint that a lease opens refuses: a wrong lease, an unknown job, a job of others.
import { expect, it } from 'vitest';
import {
  claimJob,
  expectAnswer,
  finishJob,
  post,
  refusal,
  startJob,
  trpcClient,
  UNKNOWN_ID,
  type Lease,
} from '../clients.ts';
import { createTestKey, type TestGateway } from '../gateway.ts';

type Verb = 'complete' | 'fail' | 'heartbeat' | 'release' | 'progress';

const LOST = 'The lease on this job is lost: another worker may have it, stop working on it';

export function describeLeaseErrors(of: () => TestGateway, verb: Verb, fields: object): void {
  const call = (body: object) => post(of(), 'work', `worker/${verb}`, { ...fields, ...body });

  const overTrpc = (lease: Lease, key = of().keys.work) => {
    const { mutate } = trpcClient(of(), key).worker[verb];
    return refusal((mutate as (input: object) => Promise<unknown>)({ ...fields, ...lease }));
  };

  const stateOf = async (job_id: string) =>
    (await post(of(), 'read', 'job/get', { job_id })).json as {
      job_status: string;
      version: number;
    };

  async function expectLost(lease: Lease, job_status: string): Promise<void> {
    const before = await stateOf(lease.job_id);
    expectAnswer(await call(lease), 409, {
      error: LOST,
      code: 409,
      reason: 'lease_lost',
      job_status,
    });
    expect(await overTrpc(lease)).toMatchObject({
      message: LOST,
      code: 'CONFLICT',
      httpStatus: 409,
      reason: 'lease_lost',
      job_status,
    });
    expect(await stateOf(lease.job_id)).toEqual(before);
  }

  it('lease_lost with a token that is none, and changes nothing', async () => {
    const lease = await startJob(of());
    await expectLost({ ...lease, lease_token: 'none' }, 'running');
    await post(of(), 'work', 'worker/complete', { ...lease, result: null });
  });

  it('lease_lost with the token of an attempt before', async () => {
    const stale = await startJob(of());
    await post(of(), 'work', 'worker/release', stale);
    const lease = await claimJob(of());
    await expectLost(stale, 'running');
    await post(of(), 'work', 'worker/complete', { ...lease, result: null });
    await expectLost(stale, 'done');
  });

  it('lease_lost where the job has ended and the token is wrong', async () => {
    const lease = await finishJob(of());
    await expectLost({ ...lease, lease_token: 'none' }, 'done');
  });

  it('404 for a job that is not there, and for one of another tenant', async () => {
    const lease = await startJob(of());
    const unknown = { job_id: UNKNOWN_ID, lease_token: lease.lease_token };
    expectAnswer(await call(unknown), 404, { error: 'Job not found', job_id: UNKNOWN_ID });
    const key = await createTestKey(of().services, 'work', 'other');
    expect(await overTrpc(lease, key)).toMatchObject({ httpStatus: 404, job_id: lease.job_id });
    expect(await stateOf(lease.job_id)).toMatchObject({ job_status: 'running' });
    await post(of(), 'work', 'worker/complete', { ...lease, result: null });
  });

  it('400 without a token', async () => {
    const { status, json } = await call({ job_id: UNKNOWN_ID });
    const issues = [{ path: 'lease_token', message: 'Required' }];
    expect({ status, issues: json.issues }).toEqual({ status: 400, issues });
  });
}
