// jobs.retry: failed and cancelled jobs begin afresh, those in other states stay.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finishJob, post, startJob, submitJob } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { describeSelections } from './many-jobs.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const retry = async (body: object) => (await post(gateway, 'submit', 'jobs/retry', body)).json;

async function cancelled(fields: object = {}): Promise<string> {
  const job_id = await submitJob(gateway, fields);
  await post(gateway, 'submit', 'job/cancel', { job_id });
  return job_id;
}

describe('200', () => {
  it('puts back what failed and what was cancelled; only that can match', async () => {
    const done = await finishJob(gateway);
    const failed = await startJob(gateway, { max_attempts: 1 });
    await post(gateway, 'work', 'worker/fail', { ...failed, message: 'no disk' });
    const ended = await cancelled();
    expect(await retry({ since: 0, dry_run: true })).toEqual({ matched: 2, changed: 0 });
    expect(await retry({ job_status: 'failed' })).toEqual({ matched: 1, changed: 1 });
    expect(await retry({ since: 0 })).toEqual({ matched: 1, changed: 1 });
    const job_ids = [done.job_id, failed.job_id, ended];
    const states = await post(gateway, 'read', 'jobs/status', { job_ids });
    expect(Object.values(states.json.response)).toEqual(['done', 'queued', 'queued']);
    const claim = { worker_id: 'w', endpoints: ['/v1/media/transcribe'], max: 10 };
    const { jobs } = (await post(gateway, 'work', 'worker/claim', claim)).json;
    expect(jobs.map(({ attempt }: { attempt: number }) => attempt)).toEqual([1, 1]);
  });
});

describeSelections(
  () => gateway,
  'retry',
  (id) => cancelled({ id }),
);
