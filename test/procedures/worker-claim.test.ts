// worker.claim: what a worker gets, how it waits for work, and that what nobody hears of goes back.
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ENDPOINT, expectAnswer, post, refusal, submitJob, trpcClient } from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';

const PATH = '/v1/toolkit/worker/claim';

const CLAIM = { worker_id: 'tester', endpoints: [ENDPOINT] };

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const claim = (fields: object = {}, of = gateway) =>
  post(of, 'work', 'worker/claim', { ...CLAIM, ...fields });

async function parked({ services }: TestGateway, count: number): Promise<void> {
  await expect.poll(() => services.queue.waiting, { interval: 5 }).toBe(count);
}

async function ownGateway(...[options]: Parameters<typeof startTestGateway>): Promise<TestGateway> {
  const own = await startTestGateway(options);
  onTestFinished(() => own.close());
  return own;
}

describe('200', () => {
  it('hands a job out, with all that is needed to run it', async () => {
    const payload = { é: [1] };
    const jobId = await submitJob(gateway, { id: 'mine', payload, max_attempts: 7 });
    const { status, text, json } = await claim({ lease_seconds: 60 });
    const [{ lease_token, deadline_at }] = json.jobs;
    expect(status).toBe(200);
    expect(text).toBe(
      `{"jobs":[{"job_id":"${jobId}","id":"mine","endpoint":"${ENDPOINT}","payload":{"é":[1]},` +
        `"attempt":1,"max_attempts":7,"lease_token":"${lease_token}","lease_seconds":60,` +
        `"heartbeat_seconds":20,"deadline_at":${deadline_at}}]}`,
    );
  });

  it('is empty where nothing waits, or nothing that it can do', async () => {
    await submitJob(gateway, { endpoint: '/v1/other' });
    expectAnswer(await claim(), 200, { jobs: [] });
    const stranger = await createTestKey(gateway.services, 'work', 'other');
    const body = { ...CLAIM, endpoints: ['/v1/other'] };
    expectAnswer(await gateway.request('POST', PATH, { key: stranger, body }), 200, { jobs: [] });
  });

  it('gives up to max, each once, first in first out', async () => {
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push(await submitJob(gateway));
    const first = (await claim({ max: 3, endpoints: [ENDPOINT, ENDPOINT] })).json.jobs;
    const second = (await claim({ max: 3 })).json.jobs;
    expect([...first, ...second].map(({ job_id }) => job_id)).toEqual(ids);
    expect([first.length, second.length]).toEqual([3, 2]);
  });

  it('over tRPC the same', async () => {
    const jobId = await submitJob(gateway);
    const { jobs } = await trpcClient(gateway, gateway.keys.work).worker.claim.mutate(CLAIM);
    expect(jobs).toMatchObject([{ job_id: jobId, lease_seconds: 30, heartbeat_seconds: 10 }]);
  });
});

describe('200 after a wait', () => {
  it('as soon as work comes, to one worker only', async () => {
    const waiting = [claim({ wait_seconds: 30 }), claim({ wait_seconds: 30 })];
    await parked(gateway, 2);
    const jobId = await submitJob(gateway);
    const first = await Promise.race(waiting);
    expect(first.json.jobs).toMatchObject([{ job_id: jobId }]);
    await parked(gateway, 1);
    await submitJob(gateway);
    const all = await Promise.all(waiting);
    expect(all.map(({ json }) => json.jobs.length)).toEqual([1, 1]);
  });

  it('empty when the time is up', async () => {
    expectAnswer(await claim({ wait_seconds: 1 }), 200, { jobs: [] });
  });

  it('forgets a worker that goes away: the next job is not lost on it', async () => {
    const headers = { 'x-api-key': gateway.keys.work, 'content-type': 'application/json' };
    const gone = request(gateway.url + PATH, { method: 'POST', headers });
    gone.on('error', () => {}).end(JSON.stringify({ ...CLAIM, wait_seconds: 30 }));
    await parked(gateway, 1);
    gone.destroy();
    await parked(gateway, 0);
    const jobId = await submitJob(gateway);
    expect((await claim()).json.jobs).toMatchObject([{ job_id: jobId, attempt: 1 }]);
  });
});

describe('400', () => {
  it.each([
    ['worker_id', ''],
    ['worker_id', undefined],
    ['worker_id', 'a\0b'],
    ['worker_id', 'x'.repeat(256)],
    ['endpoints', []],
    ['endpoints', ENDPOINT],
    ['endpoints', Array.from({ length: 101 }, (_, i) => `/e/${i}`)],
    ['endpoints.0', ['media']],
    ['pid', -1],
    ['max', 0],
    ['max', 101],
    ['lease_seconds', 4],
    ['lease_seconds', 3601],
    ['wait_seconds', 31],
  ])('where %s is wrong', async (path, value) => {
    const [field = ''] = path.split('.');
    const { status, json } = await claim({ [field]: value });
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path });
    const call = trpcClient(gateway, gateway.keys.work).worker.claim;
    const over = await refusal(call.mutate({ ...CLAIM, [field]: value }));
    expect(over).toMatchObject({ httpStatus: 400, issues: json.issues });
  });
});

describe('429', () => {
  it('where MAX_WAITERS wait, exactly', async () => {
    const own = await ownGateway({ maxWaiters: 5 });
    let refusals = 0;
    const calls = Array.from({ length: 20 }, () => claim({ wait_seconds: 30 }, own));
    for (const call of calls) void call.then(({ status }) => (refusals += Number(status === 429)));
    await expect.poll(() => refusals, { interval: 5 }).toBe(15);
    expect(own.services.queue.waiting).toBe(5);
    const client = trpcClient(own, own.keys.work);
    const over = await refusal(client.worker.claim.mutate({ ...CLAIM, wait_seconds: 1 }));
    expect(over).toMatchObject({ code: 'TOO_MANY_REQUESTS', retry_after_seconds: 2 });
    for (let n = 0; n < 5; n += 1) await submitJob(own);
    const refused = (await Promise.all(calls)).filter(({ status }) => status === 429);
    expect(refused).toHaveLength(15);
    for (const answer of refused) {
      expect(answer.json.error).toMatch(/^MAX_WAITERS \(5\) reached/);
      expect(answer.headers.get('retry-after')).toBe('2');
    }
  });
});
