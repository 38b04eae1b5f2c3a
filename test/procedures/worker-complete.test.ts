// worker.complete: a result is kept as it came, once, and only from who holds the job.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { expectAnswer, finishJob, post, refusal, startJob, trpcClient } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { describeLeaseErrors } from './lease-errors.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const complete = (body: object, of = gateway) => post(of, 'work', 'worker/complete', body);

const resultOf = async (job_id: string, of = gateway) =>
  (await post(of, 'read', 'job/get', { job_id })).json.result;

describe('200', () => {
  it.each([null, false, 0, '', 'text', [], {}, { a: [{ b: 1.5 }] }])('keeps %j', async (result) => {
    const lease = await startJob(gateway);
    const { job_id } = lease;
    expectAnswer(await complete({ ...lease, result }), 200, { job_id, job_status: 'done' });
    expect(await resultOf(job_id)).toEqual(result);
  });

  it('again for the same call', async () => {
    const lease = await startJob(gateway);
    const { job_id } = lease;
    for (let n = 0; n < 3; n += 1) {
      const answer = await complete({ ...lease, result: { a: 1 } });
      expectAnswer(answer, 200, { job_id, job_status: 'done' });
    }
  });

  it('over tRPC', async () => {
    const lease = await startJob(gateway);
    const client = trpcClient(gateway, gateway.keys.work);
    const answer = await client.worker.complete.mutate({ ...lease, result: [1] });
    expect(answer).toEqual({ job_id: lease.job_id, job_status: 'done' });
    expect(await resultOf(lease.job_id)).toEqual([1]);
  });
});

describe('400', () => {
  it.each([
    ['has no result', {}, 'Required'],
    [
      'is nested too deep',
      { result: nested(600) },
      'Invalid JSON: nested more than 512 levels deep',
    ],
  ])('where it %s', async (_what, fields, message) => {
    const lease = await startJob(gateway);
    const issues = [{ path: 'result', message }];
    const error = `Invalid payload: result: ${message}`;
    expectAnswer(await complete({ ...lease, ...fields }), 400, { error, code: 400, issues });
    const call = trpcClient(gateway, gateway.keys.work).worker.complete;
    const over = await refusal(call.mutate({ ...lease, ...fields } as never));
    expect(over).toMatchObject({ message: error, httpStatus: 400, issues });
    await complete({ ...lease, result: null });
  });
});

function nested(depth: number): unknown {
  return JSON.parse('['.repeat(depth) + ']'.repeat(depth));
}

describe('409', () => {
  describeLeaseErrors(() => gateway, 'complete', { result: 1 });

  it('for the same call with another result', async () => {
    const lease = await finishJob(gateway, 'first');
    const { status, json } = await complete({ ...lease, result: 'second' });
    expect({ status, reason: json.reason }).toEqual({ status: 409, reason: 'illegal_transition' });
    expect(await resultOf(lease.job_id)).toBe('first');
  });
});

describe('413', () => {
  const LIMIT = 8 * 1024 * 1024;
  /** Its JSON has so many bytes. */
  const text = (bytes: number) => 'x'.repeat(bytes - 2);

  it('over MAX_RESULT_BYTES, and the job goes on; up to it the result passes', async () => {
    const lease = await startJob(gateway);
    const error = `The result is over MAX_RESULT_BYTES (${LIMIT} bytes)`;
    expectAnswer(await complete({ ...lease, result: text(LIMIT + 1) }), 413, { error, code: 413 });
    const client = trpcClient(gateway, gateway.keys.work);
    const over = await refusal(
      client.worker.complete.mutate({ ...lease, result: text(LIMIT + 1) }),
    );
    expect(over).toMatchObject({ message: error, code: 'PAYLOAD_TOO_LARGE', httpStatus: 413 });
    const { json } = await post(gateway, 'read', 'job/status', { job_id: lease.job_id });
    expect(json.response.job_status).toBe('running');
    expect((await complete({ ...lease, result: text(LIMIT) })).status).toBe(200);
    expect(await resultOf(lease.job_id)).toHaveLength(LIMIT - 2);
  });

  it('at the limit that is configured, over tRPC too', async () => {
    const own = await startTestGateway({ maxResultBytes: 2000 });
    onTestFinished(() => own.close());
    const lease = await startJob(own);
    expect((await complete({ ...lease, result: text(2001) }, own)).status).toBe(413);
    const call = trpcClient(own, own.keys.work).worker.complete;
    expect(await refusal(call.mutate({ ...lease, result: text(2001) }))).toMatchObject({
      httpStatus: 413,
    });
    expect(await call.mutate({ ...lease, result: text(2000) })).toMatchObject({
      job_status: 'done',
    });
  });
});
