// A new job's fields: their bounds, what they do in the queue, and one job for one idempotency key.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  claimJob,
  ENDPOINT,
  expectAnswer,
  post,
  refusal,
  submitJob,
  trpcClient,
} from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';

const PATH = '/v1/toolkit/job/submit';
const HOUR = 3600;

const clock = new HeldClock();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ clock });
});

afterAll(() => gateway.close());

async function ownGateway(...[options]: Parameters<typeof startTestGateway>): Promise<TestGateway> {
  const own = await startTestGateway(options);
  onTestFinished(() => own.close());
  return own;
}

const submit = (fields: object, headers: Record<string, string> = {}, of = gateway) =>
  of.request('POST', PATH, {
    key: of.keys.submit,
    body: { endpoint: ENDPOINT, ...fields },
    headers,
  });

const submitWith = (key: string, fields: object = {}) => submit(fields, { 'idempotency-key': key });

const get = async (job_id: string) => (await post(gateway, 'read', 'job/get', { job_id })).json;

async function countJobs(of = gateway): Promise<number> {
  const { by_status } = (await post(of, 'read', 'jobs/stats', {})).json;
  return Object.values<number>(by_status).reduce((sum, count) => sum + count, 0);
}

describe('bounds', () => {
  const DAY = 24 * HOUR;

  it.each([
    ['priority', -100, 100, 1],
    ['max_attempts', 1, 100, 1],
    ['max_runtime_seconds', 1, 30 * DAY, 1],
    ['retention_seconds', 0, 3650 * DAY, 1],
    ['delay_seconds', 0, 365 * DAY, 0.001],
  ])('%s is from %i to %i', async (field, least, most, step) => {
    for (const value of [least, most]) {
      expect((await submit({ [field]: value })).status).toBe(202);
    }
    for (const value of [least - step, most + step, String(least), null, [least]]) {
      const { status, json } = await submit({ [field]: value });
      expect({ value, status, path: json.issues?.[0].path }).toEqual({
        value,
        status: 400,
        path: field,
      });
    }
  });

  it.each(['priority', 'max_attempts', 'max_runtime_seconds', 'retention_seconds', 'run_at'])(
    '%s is whole',
    async (field) => {
      expect((await submit({ [field]: 1.5 })).json.issues[0].path).toBe(field);
    },
  );
});

describe('order', () => {
  /** Submits each on an endpoint of their own and claims them, one at a time. */
  async function claimedOrder(jobs: Record<string, object>): Promise<string[]> {
    const endpoint = `/v1/order/${Object.keys(jobs).join('-')}`;
    const names = new Map<string, string>();
    for (const [name, fields] of Object.entries(jobs)) {
      names.set(await submitJob(gateway, { endpoint, ...fields }), name);
    }
    const order: string[] = [];
    while (order.length < names.size) {
      const { job_id } = await claimJob(gateway, { endpoints: [endpoint] });
      order.push(names.get(job_id) ?? 'unknown');
    }
    return order;
  }

  it('first in, first out', async () => {
    expect(await claimedOrder({ a: {}, b: {}, c: {}, d: {} })).toEqual(['a', 'b', 'c', 'd']);
  });

  it('a higher priority first, then first in first out', async () => {
    const jobs = {
      low: { priority: -100 },
      first: {},
      high: { priority: 100 },
      second: { priority: 0 },
      higher: { priority: 100 },
    };
    expect(await claimedOrder(jobs)).toEqual(['high', 'higher', 'first', 'second', 'low']);
  });

  it('of the same priority the one that was due first', async () => {
    const now = clock.now();
    const jobs = { now: {}, due: { run_at: now - 1000 }, longDue: { run_at: now - 2000 } };
    expect(await claimedOrder(jobs)).toEqual(['longDue', 'due', 'now']);
  });

  it('over several endpoints as over one', async () => {
    const [a, b] = ['/v1/order/one', '/v1/order/two'];
    const ids = [
      await submitJob(gateway, { endpoint: a }),
      await submitJob(gateway, { endpoint: b, priority: 1 }),
      await submitJob(gateway, { endpoint: a }),
      await submitJob(gateway, { endpoint: b }),
    ];
    const claim = { worker_id: 'tester', endpoints: [a, b], max: 100 };
    const { jobs } = (await post(gateway, 'work', 'worker/claim', claim)).json;
    const order = jobs.map((job: { job_id: string }) => ids.indexOf(job.job_id));
    expect(order).toEqual([1, 0, 2, 3]);
  });
});

describe('idempotency', () => {
  it('the same key and body is the same job, and says so', async () => {
    const before = await countJobs();
    const fields = { payload: { a: [1, 'é'] }, id: 'mine', delay_seconds: 60 };
    const first = await submitWith('order-1', fields);
    expect(first.status).toBe(202);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    clock.advance(1);
    const again = await submitWith('order-1', fields);
    expectAnswer(again, 202, { ...first.json, queue_length: again.json.queue_length });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(await countJobs()).toBe(before + 1);
  });

  it('in the header, quoted or not, or in the body: it is one key', async () => {
    const answers = [
      await submitWith('order-2'),
      await submitWith('"order-2"'),
      await submit({ idempotency_key: 'order-2' }),
      await submit({ idempotency_key: 'order-2' }, { 'idempotency-key': '"order-2"' }),
    ];
    const replayed = answers.map(({ headers }) => headers.get('idempotent-replayed'));
    expect(replayed).toEqual([null, 'true', 'true', 'true']);
    expect(new Set(answers.map(({ json }) => json.job_id)).size).toBe(1);
  });

  it('over tRPC the same, in the body or the header', async () => {
    const { json } = await submitWith('order-3');
    const { mutate } = trpcClient(gateway, gateway.keys.submit).job.submit;
    const fields = { endpoint: ENDPOINT, idempotency_key: 'order-3' };
    expect((await mutate(fields)).job_id).toBe(json.job_id);
    const request = {
      key: gateway.keys.submit,
      body: { endpoint: ENDPOINT },
      headers: { 'idempotency-key': 'order-3' },
    };
    const answer = await gateway.request('POST', '/trpc/job.submit', request);
    expect(answer.json.result.data.job_id).toBe(json.job_id);
    expect(answer.headers.get('idempotent-replayed')).toBe('true');
    expect(await refusal(mutate({ ...fields, priority: 1 }))).toMatchObject({
      code: 'UNPROCESSABLE_CONTENT',
      httpStatus: 422,
      reason: 'idempotency_mismatch',
    });
  });

  it('the job it answers with may have ended long ago', async () => {
    const endpoint = '/v1/ended';
    const { json } = await submitWith('order-4', { endpoint });
    const lease = await claimJob(gateway, { endpoints: [endpoint] });
    await post(gateway, 'work', 'worker/complete', { ...lease, result: 'ok' });
    expect((await submitWith('order-4', { endpoint })).json.job_id).toBe(json.job_id);
    expect(await get(json.job_id)).toMatchObject({ job_status: 'done', result: 'ok' });
  });

  it.each([
    ['payload', { payload: { a: 2 } }],
    ['id', { id: 'other' }],
    ['endpoint', { endpoint: '/v1/other' }],
    ['delay_seconds', { delay_seconds: 1 }],
    ['retention_seconds', { retention_seconds: 1 }],
  ])('422 where the same key comes with another %s, and nothing is made', async (field, fields) => {
    const key = `conflict-${field}`;
    await submitWith(key, { payload: { a: 1 } });
    const before = await countJobs();
    const error = `The idempotency key "${key}" was used with another request: use a new key, or send the same request`;
    const answer = await submitWith(key, { payload: { a: 1 }, ...fields });
    expectAnswer(answer, 422, { error, code: 422 });
    expect(await countJobs()).toBe(before);
  });

  it('400 where header and body differ', async () => {
    const message = 'Not the same as the Idempotency-Key header';
    const answer = await submit({ idempotency_key: 'a' }, { 'idempotency-key': 'b' });
    expectAnswer(answer, 400, {
      error: `Invalid payload: idempotency_key: ${message}`,
      code: 400,
      issues: [{ path: 'idempotency_key', message }],
    });
  });

  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(256)],
    ['with a control character', 'a\tb'],
    ['not ASCII', 'caf\u00e9'],
    ['of a space', ' '],
    ['no string', 7],
  ])('400 where the key in the body is %s', async (_what, idempotency_key) => {
    const { status, json } = await submit({ idempotency_key });
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path: 'idempotency_key' });
  });

  it.each([
    ['empty', ''],
    ['empty in quotes', '""'],
    ['too long', 'x'.repeat(256)],
    ['not ASCII', 'caf\u00e9'],
  ])('400 where the header is %s', async (_what, key) => {
    const { status, json } = await submitWith(key);
    expect({ status, path: json.issues?.[0].path }).toEqual({
      status: 400,
      path: 'idempotency_key',
    });
  });

  it('takes 255 characters, spaces and quotes inside', async () => {
    for (const key of ['x'.repeat(255), 'a b', 'say "hi" now', '"half']) {
      const { json } = await submit({ idempotency_key: key });
      expect((await submitWith(`"${key}"`)).json.job_id).toBe(json.job_id);
    }
  });

  it('is forgotten after 24 h, not before', async () => {
    const first = await submitWith('order-5');
    clock.advance(24 * HOUR - 1);
    expect((await submitWith('order-5')).json.job_id).toBe(first.json.job_id);
    expect((await submitWith('order-5', { id: 'other' })).status).toBe(422);
    clock.advance(1);
    const next = await submitWith('order-5', { id: 'other' });
    expect(next.status).toBe(202);
    expect(next.headers.get('idempotent-replayed')).toBeNull();
    expect(next.json.job_id).not.toBe(first.json.job_id);
    clock.advance(24 * HOUR - 1);
    expect((await submitWith('order-5', { id: 'other' })).json.job_id).toBe(next.json.job_id);
  });

  it('is the tenant’s own', async () => {
    const { json } = await submitWith('order-6');
    const key = await createTestKey(gateway.services, 'submit', 'other');
    const headers = { 'idempotency-key': 'order-6' };
    const body = { endpoint: ENDPOINT, id: 'theirs' };
    const theirs = await gateway.request('POST', PATH, { key, body, headers });
    expect(theirs.status).toBe(202);
    expect(theirs.json.job_id).not.toBe(json.job_id);
  });

  it('a full queue still answers what it took before', async () => {
    const own = await ownGateway({ maxQueueLength: 1 });
    const first = await submit({ idempotency_key: 'order-7' }, {}, own);
    expect((await submit({}, {}, own)).status).toBe(429);
    const again = await submit({ idempotency_key: 'order-7' }, {}, own);
    expect(again).toMatchObject({ status: 202, json: { job_id: first.json.job_id } });
  });

  it('a submission that is refused does not use its key up', async () => {
    const own = await ownGateway({ maxQueueLength: 1 });
    const job_id = await submitJob(own);
    expect((await submit({ idempotency_key: 'order-8' }, {}, own)).status).toBe(429);
    await post(own, 'submit', 'job/cancel', { job_id });
    const accepted = await submit({ idempotency_key: 'order-8', id: 'other' }, {}, own);
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get('idempotent-replayed')).toBeNull();
  });

  it('1,000 equal submissions at once make one job', async () => {
    const own = await ownGateway();
    const fields = { payload: { n: 1 } };
    const headers = { 'idempotency-key': 'order-9' };
    const calls = Array.from({ length: 1000 }, () => submit(fields, headers, own));
    const answers = await Promise.all(calls);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ json }) => json.job_id)).size).toBe(1);
    const first = answers.filter((answer) => answer.headers.get('idempotent-replayed') === null);
    expect(first).toHaveLength(1);
    expect(await countJobs(own)).toBe(1);
  });
});
