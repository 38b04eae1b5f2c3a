// job.submit: what is accepted, what is kept of it, what is refused, and that a full queue is exact.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  ENDPOINT,
  expectAnswer,
  post,
  refusal,
  startJob,
  submitJob,
  trpcClient,
} from '../clients.ts';
import { FakeClock } from '../fake-clock.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';

const PATH = '/v1/toolkit/job/submit';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const submit = (body: unknown, of = gateway) => post(of, 'submit', 'job/submit', body);

const job = async (jobId: string, of = gateway) =>
  (await post(of, 'read', 'job/get', { job_id: jobId })).json;

async function ownGateway(...[options]: Parameters<typeof startTestGateway>): Promise<TestGateway> {
  const own = await startTestGateway(options);
  onTestFinished(() => own.close());
  return own;
}

/** All jobs ever, whatever became of them. */
async function countJobs({ services }: TestGateway): Promise<number> {
  const counts = await services.store.countByStatus('default');
  return counts.reduce((sum, { count }) => sum + count, 0);
}

describe('202', () => {
  it('byte for byte, with where to look and when', async () => {
    const own = await ownGateway();
    const { status, text, json, headers } = await submit({ endpoint: ENDPOINT, id: 'mine' }, own);
    expect(status).toBe(202);
    expect(text).toBe(
      `{"code":202,"id":"mine","job_id":"${json.job_id}","message":"processing",` +
        `"pid":${process.pid},"queue_id":${own.services.store.queueId},` +
        `"max_queue_length":"unlimited","queue_length":1,"build_number":"1.0.0"}`,
    );
    expect(headers.get('location')).toBe(`/v1/toolkit/job/get?job_id=${json.job_id}`);
    expect(headers.get('retry-after')).toBe('1');
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('makes a UUID of version 7', async () => {
    const { json } = await submit({ endpoint: ENDPOINT });
    expect(json.job_id).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(json.id).toBeNull();
  });

  it('over tRPC the same', async () => {
    const client = trpcClient(gateway, gateway.keys.submit);
    const accepted = await client.job.submit.mutate({ endpoint: ENDPOINT, payload: { a: 1 } });
    const { json } = await submit({ endpoint: ENDPOINT });
    expect(Object.keys(accepted)).toEqual(Object.keys(json));
    expect(accepted).toMatchObject({ code: 202, message: 'processing' });
    expect((await job(accepted.job_id)).payload).toEqual({ a: 1 });
  });

  it('says how long the queue may get', async () => {
    const own = await ownGateway({ maxQueueLength: 7 });
    expect((await submit({ endpoint: ENDPOINT }, own)).json.max_queue_length).toBe(7);
  });

  it.each([
    ['empty', {}],
    ['odd names', { '': 1, ' ': 2, 'a.b': 3, toString: 4, hasOwnProperty: 5 }],
    ['Unicode', { text: 'é \u2028 \ud83d\ude00 "\\/' }],
    ['numbers', { big: 2 ** 53 - 1, small: 5e-324, negative: -0.5 }],
    ['nested', { a: [[[{ b: null }]], true] }],
  ])('keeps a payload as it came: %s', async (_what, payload) => {
    const jobId = await submitJob(gateway, { payload });
    expect((await job(jobId)).payload).toEqual(payload);
  });

  it('reads the last of two equal keys', async () => {
    const rawBody = `{"endpoint":"/first","endpoint":"${ENDPOINT}","payload":{"a":1,"a":2}}`;
    const headers = { 'content-type': 'application/json' };
    const answer = await gateway.request('POST', PATH, {
      key: gateway.keys.submit,
      rawBody,
      headers,
    });
    const { endpoint, payload } = await job(answer.json.job_id);
    expect({ endpoint, payload }).toEqual({ endpoint: ENDPOINT, payload: { a: 2 } });
  });

  it('keeps what is said about running it', async () => {
    const fields = { priority: -100, max_attempts: 100, run_at: 4_000_000_000_000 };
    const jobId = await submitJob(gateway, {
      ...fields,
      max_runtime_seconds: 1,
      retention_seconds: 0,
    });
    expect(await job(jobId)).toMatchObject(fields);
    const delayed = await submit({ endpoint: ENDPOINT, delay_seconds: 90.5 });
    const { created_at, run_at } = await job(delayed.json.job_id);
    expect(run_at - created_at).toBeGreaterThanOrEqual(90_500 - 1);
    expect(delayed.headers.get('retry-after')).toBe('91');
  });

  it('tells to ask again no sooner than its run_at', async () => {
    const before = Date.now();
    const later = await submit({ endpoint: ENDPOINT, run_at: before + 3_600_000 });
    const spent = Math.ceil((Date.now() - before) / 1000);
    const told = Number(later.headers.get('retry-after'));
    expect(told).toBeGreaterThanOrEqual(3600 - spent);
    expect(told).toBeLessThanOrEqual(3600);
    const past = await submit({ endpoint: ENDPOINT, run_at: before - 3_600_000 });
    expect(past.headers.get('retry-after')).toBe('1');
  });

  it('tells to ask again when such a job is done as a rule, and of a replayed one at once', async () => {
    const clock = new FakeClock(Date.now());
    const own = await ownGateway({ clock });
    const { job_id, lease_token } = await startJob(own);
    clock.advance(20_000);
    await post(own, 'work', 'worker/complete', { job_id, lease_token, result: 1 });
    const body = { endpoint: ENDPOINT, idempotency_key: 'once' };
    const told = async () => (await submit(body, own)).headers.get('retry-after');
    expect([await told(), await told()]).toEqual(['20', '1']);
  });

  it('takes a payload of just under MAX_BODY_BYTES', async () => {
    const body = { endpoint: ENDPOINT, payload: { x: '' } };
    body.payload.x = 'x'.repeat(1024 * 1024 - JSON.stringify(body).length);
    expect(JSON.stringify(body)).toHaveLength(1024 * 1024);
    expect((await submit(body)).status).toBe(202);
  });
});

describe('400', () => {
  it.each([
    ['http://127.1:5678/hook', '127.0.0.1 is a loopback address', '127.0.0.1/32'],
    ['http://localhost:5678', 'localhost stands for 127.0.0.1, a loopback', '127.0.0.1/32,::1/128'],
    ['https://[::ffff:a9fe:a9fe]/', 'is an IPv4-in-IPv6 address', '::ffff:a9fe:a9fe/128'],
    ['http://169.254.169.254/latest', 'is a metadata address', '169.254.169.254/32'],
  ])('webhook_url %s, which says what to set', async (url, what, toSet) => {
    const body = { endpoint: ENDPOINT, webhook_url: url };
    const { status, json } = await submit(body);
    expect(status).toBe(400);
    expect(json.issues).toEqual([{ path: 'webhook_url', message: expect.stringContaining(what) }]);
    expect(json.issues[0].message).toContain(`to let webhooks reach it set WEBHOOK_ALLOW=${toSet}`);
    const call = trpcClient(gateway, gateway.keys.submit).job.submit.mutate(body);
    expect(await refusal(call)).toMatchObject({ httpStatus: 400, issues: json.issues });
    const own = await ownGateway({ webhookAllow: toSet.split(',') });
    expect((await submit(body, own)).status).toBe(202);
  });

  it.each([
    ['endpoint', undefined],
    ['endpoint', 'v1/media'],
    ['endpoint', '/'],
    ['endpoint', '/a//b'],
    ['endpoint', '/a/'],
    ['endpoint', '/a?b=c'],
    ['endpoint', '/a b'],
    ['endpoint', '/é'],
    ['endpoint', '/a\n'],
    ['endpoint', '/a\0'],
    ['endpoint', `/${'x'.repeat(255)}`],
    ['payload', null],
    ['payload', []],
    ['payload', 'text'],
    ['id', 'a\0b'],
    ['id', '\ud800'],
    ['id', 7],
    ['webhook_url', 'ftp://example.com/'],
    ['webhook_url', 'http://user:secret@example.com/'],
    ['webhook_url', 'example.com/hook'],
    ['webhook_url', ' http://example.com/'],
    ['webhook_url', 'http://example.com:0/'],
    ['webhook_url', `http://example.com/${'x'.repeat(2048)}`],
    ['webhook_url', ''],
    ['webhook_url', null],
    ['priority', 101],
    ['priority', 0.5],
    ['run_at', -1],
    ['run_at', '2026-01-01'],
    ['delay_seconds', -1],
    ['delay_seconds', 1e12],
    ['max_attempts', 0],
    ['max_attempts', 101],
    ['max_runtime_seconds', 0],
    ['retention_seconds', -1],
  ])('where %s is %j', async (field, value) => {
    const { status, json } = await submit({ endpoint: ENDPOINT, [field]: value });
    expect({ status, path: json.issues?.[0].path }).toEqual({ status: 400, path: field });
    const body = { endpoint: ENDPOINT, [field]: value };
    const call = trpcClient(gateway, gateway.keys.submit).job.submit.mutate(body);
    expect(await refusal(call)).toMatchObject({ httpStatus: 400, issues: json.issues });
  });

  it('where run_at and delay_seconds are both given', async () => {
    const message = 'Give run_at or delay_seconds, not both';
    expectAnswer(await submit({ endpoint: ENDPOINT, run_at: 1, delay_seconds: 1 }), 400, {
      error: `Invalid payload: delay_seconds: ${message}`,
      code: 400,
      issues: [{ path: 'delay_seconds', message }],
    });
  });

  it.each([
    [
      '100,000 levels deep',
      `${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`,
      'nested more than 512 levels deep',
    ],
    ['1e999', '{"a":[1e999]}', 'a number is out of range'],
    ['-1e999', '{"a":-1e999}', 'a number is out of range'],
  ])('where the payload has %s', async (_what, payload, fault) => {
    const before = await countJobs(gateway);
    const rawBody = `{"endpoint":"${ENDPOINT}","payload":${payload}}`;
    const headers = { 'content-type': 'application/json' };
    const message = `Invalid JSON: ${fault}`;
    const issues = [{ path: 'payload', message }];
    const request = { key: gateway.keys.submit, rawBody, headers };
    const error = `Invalid payload: payload: ${message}`;
    expectAnswer(await gateway.request('POST', PATH, request), 400, { error, code: 400, issues });
    const over = await gateway.request('POST', '/trpc/job.submit', request);
    expect(over).toMatchObject({
      status: 400,
      json: { error: { message: error, data: { issues } } },
    });
    expect(await countJobs(gateway)).toBe(before);
  });

  it('cuts a list of faults short', async () => {
    const unknown = Array.from({ length: 50_000 }, (_, i) => [`k${i}`, 1]);
    const { status, json, text } = await submit(Object.fromEntries(unknown));
    expect({ status, issues: json.issues.length }).toEqual({ status: 400, issues: 20 });
    expect(text.length).toBeLessThan(5000);
    const long = await submit({ endpoint: ENDPOINT, ['x'.repeat(100_000)]: 1 });
    expect(long.json.issues).toEqual([{ path: 'x'.repeat(255), message: 'Unknown property' }]);
  });
});

describe('413', () => {
  it('where the body is over MAX_BODY_BYTES, and stores nothing', async () => {
    const before = await countJobs(gateway);
    const body = { endpoint: ENDPOINT, payload: { x: 'x'.repeat(1024 * 1024) } };
    const error = 'The body is over the limit of 1048576 bytes';
    expectAnswer(await submit(body), 413, { error, code: 413 });
    const call = trpcClient(gateway, gateway.keys.submit).job.submit.mutate(body);
    expect(await refusal(call)).toMatchObject({
      message: 'The payload is over MAX_BODY_BYTES (1048576 bytes)',
      code: 'PAYLOAD_TOO_LARGE',
      httpStatus: 413,
    });
    expect(await countJobs(gateway)).toBe(before);
  });

  it('at the limit that is configured', async () => {
    const own = await ownGateway({ maxBodyBytes: 2000 });
    const body = { endpoint: ENDPOINT, payload: { x: 'x'.repeat(2000) } };
    expect((await submit(body, own)).status).toBe(413);
    expect((await submit({ ...body, payload: { x: 'x'.repeat(1900) } }, own)).status).toBe(202);
    expect(await countJobs(own)).toBe(1);
  });
});

describe('429', () => {
  it('where MAX_QUEUE_LENGTH is reached, exactly, under 200 submissions at once', async () => {
    const own = await ownGateway({ maxQueueLength: 50 });
    const client = trpcClient(own, own.keys.submit);
    const rest = Array.from({ length: 150 }, () => submit({ endpoint: ENDPOINT }, own));
    const trpc = Array.from({ length: 50 }, () =>
      client.job.submit.mutate({ endpoint: ENDPOINT }).then(
        () => undefined,
        (error: unknown) => refusal(Promise.reject(error as Error)),
      ),
    );
    const refusedTrpc = (await Promise.all(trpc)).filter((data) => data !== undefined);
    const answers = await Promise.all(rest);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length + refusedTrpc.length).toBe(150);
    expect(answers.filter(({ status }) => status === 202).length).toBe(150 - refused.length);
    for (const answer of refused) {
      expectAnswer(answer, 429, { error: 'MAX_QUEUE_LENGTH (50) reached', code: 429 });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const after = await refusal(client.job.submit.mutate({ endpoint: ENDPOINT }));
    expect(after).toMatchObject({
      message: 'MAX_QUEUE_LENGTH (50) reached',
      code: 'TOO_MANY_REQUESTS',
      retry_after_seconds: expect.any(Number),
    });
    expect(await countJobs(own)).toBe(50);
  });

  it('over again once there is room', async () => {
    const own = await ownGateway({ maxQueueLength: 1 });
    const jobId = await submitJob(own);
    expect((await submit({ endpoint: ENDPOINT }, own)).status).toBe(429);
    await own.services.store.cancel({ tenant: 'default', jobId });
    expect((await submit({ endpoint: ENDPOINT }, own)).status).toBe(202);
  });
});
