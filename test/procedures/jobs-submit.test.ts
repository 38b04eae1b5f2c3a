// jobs.submit: many jobs in one call, in their order, all of them or none.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ENDPOINT, expectAnswer, post, refusal, submitJob, trpcClient } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const submit = (jobs: unknown, of = gateway) => post(of, 'submit', 'jobs/submit', { jobs });

const many = (count: number, fields: object = {}) =>
  Array.from({ length: count }, (_, n) => ({ endpoint: ENDPOINT, id: `n${n}`, ...fields }));

async function ownGateway(...[options]: Parameters<typeof startTestGateway>): Promise<TestGateway> {
  const own = await startTestGateway(options);
  onTestFinished(() => own.close());
  return own;
}

async function stats(of = gateway) {
  return (await post(of, 'read', 'jobs/stats', {})).json;
}

/** The call is refused over both transports, with this status, and no job was added. */
async function expectNone(of: TestGateway, jobs: unknown, status: number) {
  const before = (await stats(of)).by_status;
  const answer = await submit(jobs, of);
  expect(answer.status).toBe(status);
  const call = trpcClient(of, of.keys.submit).jobs.submit.mutate({ jobs } as never);
  expect(await refusal(call)).toMatchObject({ httpStatus: status, message: answer.json.error });
  expect((await stats(of)).by_status).toEqual(before);
  return answer;
}

describe('202', () => {
  it('answers each job in its place, as job.submit would', async () => {
    const own = await ownGateway();
    const answer = await submit(many(3), own);
    expect(answer.status).toBe(202);
    const origin = {
      pid: process.pid,
      queue_id: own.services.store.queueId,
      build_number: '1.0.0',
    };
    const shared = { code: 202, message: 'processing', max_queue_length: 'unlimited', ...origin };
    expect(answer.json.jobs).toEqual(
      [0, 1, 2].map((n) => {
        const job_id = expect.stringMatching(/^[0-9a-f-]{36}$/);
        return { ...shared, id: `n${n}`, job_id, queue_length: n + 1 };
      }),
    );
    const claim = { worker_id: 'tester', endpoints: [ENDPOINT], max: 3 };
    const claimed = (await post(own, 'work', 'worker/claim', claim)).json.jobs;
    const ids = (jobs: { job_id: string }[]) => jobs.map(({ job_id }) => job_id);
    expect(ids(claimed)).toEqual(ids(answer.json.jobs));
  });

  it('takes 1,000 at once, and more bytes than MAX_BODY_BYTES', async () => {
    const { status, json } = await submit(many(1000, { payload: { x: 'x'.repeat(2000) } }));
    expect({ status, count: json.jobs.length }).toEqual({ status: 202, count: 1000 });
    expect(new Set(json.jobs.map((job: { job_id: string }) => job.job_id)).size).toBe(1000);
  });

  it('makes one job of one idempotency key, within a call and over calls', async () => {
    const own = await ownGateway();
    const keyed = { endpoint: ENDPOINT, idempotency_key: 'order-17' };
    const first = (await submit([keyed, { endpoint: ENDPOINT }, keyed], own)).json.jobs;
    expect(first[2].job_id).toBe(first[0].job_id);
    const second = (await submit([keyed], own)).json.jobs;
    expect(second[0].job_id).toBe(first[0].job_id);
    expect((await stats(own)).queue_length).toBe(2);
  });

  it('over tRPC the same', async () => {
    const { mutate } = trpcClient(gateway, gateway.keys.submit).jobs.submit;
    const { jobs } = await mutate({ jobs: many(2) });
    expect(jobs).toMatchObject([{ id: 'n0', code: 202 }, { id: 'n1' }]);
  });
});

describe('400', () => {
  it.each([
    ['no list', {}, 'jobs'],
    ['an empty list', [], 'jobs'],
    ['1,001', many(1001), 'jobs'],
    ['one without an endpoint', [...many(2), {}], 'jobs.2.endpoint'],
    [
      'one with a wrong field',
      [...many(1), { endpoint: '/a', max_attempts: 101 }],
      'jobs.1.max_attempts',
    ],
    [
      'a webhook inside',
      [
        ...many(3, { webhook_url: 'https://example.com/' }),
        ...many(1, { webhook_url: 'http://[::1]' }),
      ],
      'jobs.3.webhook_url',
    ],
    ['one with an unknown field', [{ endpoint: '/a', max_atempts: 1 }], 'jobs.0.max_atempts'],
    ['one with a deep payload', [{ endpoint: '/a', payload: [] }], 'jobs.0.payload'],
    [
      'run_at and delay_seconds',
      [{ endpoint: '/a', run_at: 1, delay_seconds: 1 }],
      'jobs.0.delay_seconds',
    ],
  ])('where there is %s: none is added', async (_what, jobs, path) => {
    const { json } = await expectNone(gateway, jobs, 400);
    expect(json.issues[0].path).toBe(path);
  });
});

describe('400, too', () => {
  it('for the header of a single job: it would not keep these from being added twice', async () => {
    const own = await ownGateway();
    const body = { jobs: many(2) };
    const answer = await own.request('POST', '/v1/toolkit/jobs/submit', {
      key: own.keys.submit,
      headers: { 'idempotency-key': 'batch-1' },
      body,
    });
    expect(answer.status).toBe(400);
    expect(answer.json.issues[0].message).toContain('give each its own idempotency_key');
    expect((await stats(own)).by_status.queued).toBe(0);
  });
});

describe('413', () => {
  it('where the body is over MAX_RESULT_BYTES, or one payload over MAX_BODY_BYTES', async () => {
    const own = await ownGateway({ maxBodyBytes: 2000, maxResultBytes: 100_000 });
    const tooLong = [...many(2), ...many(1, { payload: { x: 'x'.repeat(2000) } })];
    const { json } = await expectNone(own, tooLong, 413);
    expect(json.error).toBe('The payload is over MAX_BODY_BYTES (2000 bytes)');
    const tooMuch = await submit(many(100, { payload: { x: 'x'.repeat(1500) } }), own);
    expect(tooMuch.status).toBe(413);
    expect((await stats(own)).by_status.queued).toBe(0);
  });
});

describe('422', () => {
  it('where one key was used with another job: none is added', async () => {
    const own = await ownGateway();
    await submitJob(own, { idempotency_key: 'order-18', payload: { a: 1 } });
    const jobs = [...many(2), { endpoint: ENDPOINT, idempotency_key: 'order-18' }];
    const { json } = await expectNone(own, jobs, 422);
    expect(json.error).toContain('"order-18"');
  });
});

describe('429', () => {
  it('where they do not all fit into MAX_QUEUE_LENGTH: none is added', async () => {
    const own = await ownGateway({ maxQueueLength: 5 });
    await submit(many(3), own);
    const answer = await expectNone(own, many(3), 429);
    expectAnswer(answer, 429, { error: 'MAX_QUEUE_LENGTH (5) reached', code: 429 });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await submit(many(2), own)).status).toBe(202);
    expect((await stats(own)).queue_length).toBe(5);
  });

  it('exactly, under 40 calls at once', async () => {
    const own = await ownGateway({ maxQueueLength: 50 });
    const answers = await Promise.all(Array.from({ length: 40 }, () => submit(many(4), own)));
    const accepted = answers.filter(({ status }) => status === 202);
    const refused = answers.filter(({ status }) => status === 429);
    expect([accepted.length, refused.length]).toEqual([12, 28]);
    expect((await stats(own)).queue_length).toBe(48);
  });
});
