// job.status: its bytes in every state, what it refuses, and how it waits.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import type { JobStatus } from '../../src/index.ts';
import {
  claimJob,
  ENDPOINT,
  expectAnswer,
  finishJob,
  post,
  refusal,
  startJob,
  submitJob,
  trpcClient,
  UNKNOWN_ID,
} from '../clients.ts';
import { FakeClock } from '../fake-clock.ts';
import { createTestKey, startTestGateway, type TestAnswer, type TestGateway } from '../gateway.ts';

const PATH = '/v1/toolkit/job/status';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const ask = (body: object, of = gateway, headers = {}) =>
  of.request('POST', PATH, { key: of.keys.read, body, headers });

/** A gateway of a test's own. */
async function ownGateway(...[options]: Parameters<typeof startTestGateway>): Promise<TestGateway> {
  const own = await startTestGateway(options);
  onTestFinished(() => own.close());
  return own;
}

describe('200', () => {
  /** The whole text, with the numbers that differ from call to call taken out of the answer. */
  function expected(text: string, jobId: string, id: string, response: string): string {
    const { queueId } = gateway.services.store;
    const [run, total, length] = ['run_time', 'total_time', 'queue_length'].map(
      (key) =>
        new RegExp(`"${key}":([0-9.]+)[^]*$`).exec(text.slice(text.lastIndexOf(`"message"`)))?.[1],
    );
    return (
      `{"endpoint":"${PATH}","code":200,"id":${id},"job_id":"${jobId}","response":${response},` +
      `"message":"success","pid":${process.pid},"queue_id":${queueId},"run_time":${run},` +
      `"queue_time":0,"total_time":${total},"queue_length":${length},"build_number":"1.0.0"}`
    );
  }

  function state(status: JobStatus, jobId: string, pid: number, result: string): string {
    const { queueId } = gateway.services.store;
    return `{"job_status":"${status}","job_id":"${jobId}","queue_id":${queueId},"process_id":${pid},"response":${result}}`;
  }

  /** The result envelope, its frozen times read out of the answer. */
  function resultOf(
    json: any,
    code: number,
    jobId: string,
    value: string,
    message: string,
    pid: number,
  ) {
    const inner = json.response.response;
    const { queueId } = gateway.services.store;
    return (
      `{"endpoint":"${ENDPOINT}","code":${code},"id":"mine","job_id":"${jobId}","response":${value},` +
      `"message":"${message}","pid":${pid},"queue_id":${queueId},"run_time":${inner.run_time},` +
      `"queue_time":${inner.queue_time},"total_time":${inner.total_time},` +
      `"queue_length":${inner.queue_length},"build_number":"1.0.0"}`
    );
  }

  it('queued, byte for byte', async () => {
    const jobId = await submitJob(gateway, { id: 'mine' });
    const { text } = await ask({ job_id: jobId });
    const response = state('queued', jobId, process.pid, 'null');
    expect(text).toBe(expected(text, jobId, 'null', response));
    await post(gateway, 'submit', 'job/cancel', { job_id: jobId });
  });

  it('running, byte for byte, with the id of the call', async () => {
    const jobId = await submitJob(gateway, { id: 'mine' });
    const lease = await claimJob(gateway, { pid: 77 });
    const { text } = await ask({ job_id: jobId.toUpperCase(), id: 'call "1"' });
    const response = state('running', jobId, 77, 'null');
    expect(text).toBe(expected(text, jobId, String.raw`"call \"1\""`, response));
    await post(gateway, 'work', 'worker/complete', { ...lease, result: 1 });
  });

  it('done, byte for byte', async () => {
    const jobId = await submitJob(gateway, { id: 'mine' });
    const lease = await claimJob(gateway, { pid: 77 });
    const value = { text: 'Hello.', 'é\u2028': [1.5, null, '\ud83d\ude00'] };
    await post(gateway, 'work', 'worker/complete', { ...lease, result: value });
    const { text, json } = await ask({ job_id: jobId });
    const envelope = resultOf(json, 200, jobId, JSON.stringify(value), 'success', 77);
    expect(text).toBe(expected(text, jobId, 'null', state('done', jobId, 77, envelope)));
  });

  it('failed, byte for byte, its pid the gateway’s where the worker gave none', async () => {
    const lease = await startJob(gateway, { id: 'mine' });
    const failure = { code: 422, message: 'The file is not audio', retry: false };
    await post(gateway, 'work', 'worker/fail', { ...lease, ...failure });
    const { text, json } = await ask({ job_id: lease.job_id });
    const { pid } = process;
    const envelope = resultOf(json, 422, lease.job_id, 'null', failure.message, pid);
    const response = state('failed', lease.job_id, pid, envelope);
    expect(text).toBe(expected(text, lease.job_id, 'null', response));
  });

  it('cancelled, byte for byte', async () => {
    const jobId = await submitJob(gateway, { id: 'mine' });
    await gateway.services.store.cancel({ tenant: 'default', jobId });
    const { text, json } = await ask({ job_id: jobId });
    const envelope = resultOf(json, 499, jobId, 'null', 'cancelled', process.pid);
    expect(text).toBe(
      expected(text, jobId, 'null', state('cancelled', jobId, process.pid, envelope)),
    );
  });

  it('has times that add up and stay frozen', async () => {
    const { job_id } = await finishJob(gateway);
    const first = (await ask({ job_id })).json.response.response;
    await submitJob(gateway).then((jobId) =>
      post(gateway, 'submit', 'job/cancel', { job_id: jobId }),
    );
    const second = (await ask({ job_id })).json.response.response;
    expect(second).toEqual(first);
    expect(first.run_time + first.queue_time).toBeCloseTo(first.total_time, 9);
    expect(Math.round(first.total_time * 1000)).toBe(first.total_time * 1000);
  });

  it('counts the jobs that wait, of the caller only', async () => {
    const own = await ownGateway();
    const other = await createTestKey(own.services, 'submit', 'other');
    const body = { endpoint: ENDPOINT };
    await own.request('POST', '/v1/toolkit/job/submit', { key: other, body });
    const { job_id } = await finishJob(own);
    await submitJob(own);
    await submitJob(own, { delay_seconds: 3600 });
    expect((await ask({ job_id }, own)).json.queue_length).toBe(1);
  });

  it('over tRPC the same, typed', async () => {
    const { job_id } = await finishJob(gateway, { a: 1 });
    const client = trpcClient(gateway, gateway.keys.read);
    const typed = await client.job.status.query({ job_id, id: 'mine' });
    expectTypeOf(typed.response.job_status).toEqualTypeOf<
      'queued' | 'running' | 'done' | 'failed' | 'cancelled'
    >();
    expectTypeOf(typed.code).toEqualTypeOf<number>();
    const { json } = await ask({ job_id, id: 'mine' });
    const times = { run_time: expect.any(Number), total_time: expect.any(Number) };
    expect({ ...typed, ...times }).toEqual({ ...json, ...times });
    expect(Object.keys(typed)).toEqual(Object.keys(json));
    expect(typed.response.response?.response).toEqual({ a: 1 });
  });

  it('tells when to ask again, until the job has ended; also over tRPC, but not in a batch', async () => {
    const own = await ownGateway();
    const jobId = await submitJob(own, { delay_seconds: 90.5 });
    const path = (call: string) =>
      `/trpc/${call}input=${encodeURIComponent(JSON.stringify({ job_id: jobId }))}`;
    const told = async (call: Promise<TestAnswer>) => (await call).headers.get('retry-after');
    const overTrpc = (call: string) => told(own.request('GET', path(call), { key: own.keys.read }));
    expect(await told(ask({ job_id: jobId }, own))).toBe('91');
    expect(await overTrpc('job.status?')).toBe('91');
    expect(await overTrpc('job.status?batch=1&')).toBeNull();
    await own.services.store.cancel({ tenant: 'default', jobId });
    expect(await told(ask({ job_id: jobId }, own))).toBeNull();
  });

  it('tells it from how long the endpoint’s jobs ran lately', async () => {
    const clock = new FakeClock(Date.now());
    const own = await ownGateway({ clock });
    const lease = await startJob(own);
    clock.advance(20_000);
    await post(own, 'work', 'worker/complete', { ...lease, result: 1 });
    const next = await submitJob(own);
    const told = async () => (await ask({ job_id: next }, own)).headers.get('retry-after');
    expect(await told()).toBe('20');
    await claimJob(own);
    clock.advance(5000);
    expect(await told()).toBe('15');
  });

  it('changes no byte of the database or its log', async () => {
    const own = await ownGateway();
    const { job_id } = await finishJob(own);
    // The maintenance would move the log by itself, sooner or later.
    await own.services.queue.stop();
    const before = fingerprint(own.databasePath);
    for (let round = 0; round < 20; round += 1) {
      const reads = Array.from({ length: 50 }, (_, i) =>
        ask({ job_id: i % 5 ? job_id : UNKNOWN_ID }, own),
      );
      const statuses = (await Promise.all(reads)).map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set([200, 404]));
    }
    expect(fingerprint(own.databasePath)).toEqual(before);
    await submitJob(own);
    expect(fingerprint(own.databasePath)).not.toEqual(before);
  });
});

function fingerprint(path: string): string[] {
  return [path, `${path}-wal`].map((file) =>
    existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : 'none',
  );
}

describe('200 after a wait', () => {
  it.each(['complete', 'fail', 'cancel'])('answers the moment the job ends: %s', async (how) => {
    const lease = await startJob(gateway);
    const { job_id } = lease;
    const waiting = ask({ job_id, wait_seconds: 55 });
    await parked(gateway, 1);
    if (how === 'complete') await post(gateway, 'work', 'worker/complete', { ...lease, result: 1 });
    const failure = { ...lease, message: 'no', retry: false };
    if (how === 'fail') await post(gateway, 'work', 'worker/fail', failure);
    if (how === 'cancel') {
      await gateway.services.store.cancel({ tenant: 'default', jobId: job_id });
      await post(gateway, 'work', 'worker/release', lease);
    }
    const { status, json } = await waiting;
    const ended = { complete: 'done', fail: 'failed', cancel: 'cancelled' }[how];
    expect({ status, state: json.response.job_status }).toEqual({ status: 200, state: ended });
  });

  it('answers at once where the job has ended', async () => {
    const { job_id } = await finishJob(gateway);
    const { json } = await ask({ job_id, wait_seconds: 55 });
    expect(json.response.job_status).toBe('done');
    expect(json.run_time).toBeLessThan(5);
  });

  it('answers the state as it is when the time is up', async () => {
    const jobId = await submitJob(gateway);
    const { status, json } = await ask({ job_id: jobId, wait_seconds: 1 });
    expect({ status, state: json.response.job_status }).toEqual({ status: 200, state: 'queued' });
    expect(json.run_time).toBeGreaterThanOrEqual(1);
    await gateway.services.store.cancel({ tenant: 'default', jobId });
  });

  it('as Prefer asks, which is lowered to 55 and told', async () => {
    const own = await ownGateway();
    const job_id = await submitJob(own);
    const waiting = [
      ask({ job_id }, own, { prefer: 'wait=3600' }),
      ask({ job_id }, own, { prefer: 'respond-async; x="a,b", Wait="10", wait=1' }),
    ];
    await parked(own, 2);
    await own.services.store.cancel({ tenant: 'default', jobId: job_id });
    const applied = (await Promise.all(waiting)).map(({ json, headers }) => [
      json.response.job_status,
      headers.get('preference-applied'),
    ]);
    expect(applied).toEqual([
      ['cancelled', 'wait=55'],
      ['cancelled', 'wait=10'],
    ]);
    expect((await ask({ job_id }, own)).headers.get('preference-applied')).toBeNull();
  });

  it('as wait_seconds asks, whatever Prefer says', async () => {
    const job_id = await submitJob(gateway);
    const { status, headers } = await ask({ job_id, wait_seconds: 0 }, gateway, {
      prefer: 'wait=55',
    });
    expect({ status, applied: headers.get('preference-applied') }).toEqual({
      status: 200,
      applied: null,
    });
    const wrong = await ask({ job_id, wait_seconds: null }, gateway, { prefer: 'wait=0' });
    expect(wrong.status).toBe(400);
    await gateway.services.store.cancel({ tenant: 'default', jobId: job_id });
  });

  it('from several Prefer headers', async () => {
    const { job_id } = await finishJob(gateway);
    const headers = {
      'x-api-key': gateway.keys.read,
      'content-type': 'application/json',
      prefer: ['respond-async', 'wait=7'],
    };
    const caller = request(gateway.url + PATH, { method: 'POST', headers });
    caller.end(JSON.stringify({ job_id }));
    const [answer] = await once(caller, 'response');
    expect(answer.headers['preference-applied']).toBe('wait=7');
    answer.resume();
  });

  it('not as Prefer asks over tRPC, whose input has it', async () => {
    const job_id = await submitJob(gateway);
    const path = `/trpc/job.status?input=${encodeURIComponent(JSON.stringify({ job_id }))}`;
    const headers = { prefer: 'wait=55' };
    const answer = await gateway.request('GET', path, { key: gateway.keys.read, headers });
    expect(answer.headers.get('preference-applied')).toBeNull();
    await gateway.services.store.cancel({ tenant: 'default', jobId: job_id });
  });

  it('over tRPC too', async () => {
    const lease = await startJob(gateway);
    const client = trpcClient(gateway, gateway.keys.read);
    const waiting = client.job.status.query({ job_id: lease.job_id, wait_seconds: 55 });
    await parked(gateway, 1);
    await post(gateway, 'work', 'worker/complete', { ...lease, result: 1 });
    expect((await waiting).response.job_status).toBe('done');
  });

  it('forgets a caller that goes away', async () => {
    const own = await ownGateway({ maxWaiters: 1 });
    const job_id = await submitJob(own);
    const headers = { 'x-api-key': own.keys.read, 'content-type': 'application/json' };
    const caller = request(own.url + PATH, { method: 'POST', headers });
    caller.on('error', () => {}).end(JSON.stringify({ job_id, wait_seconds: 55 }));
    await parked(own, 1);
    caller.destroy();
    await parked(own, 0);
    const next = ask({ job_id, wait_seconds: 55 }, own);
    await parked(own, 1);
    await own.services.store.cancel({ tenant: 'default', jobId: job_id });
    expect((await next).status).toBe(200);
  });

  it('answers who waits when the gateway stops', async () => {
    const own = await startTestGateway();
    const job_id = await submitJob(own);
    const waiting = ask({ job_id, wait_seconds: 55 }, own);
    await parked(own, 1);
    await own.close();
    const { status, json } = await waiting;
    expect({ status, state: json.response.job_status }).toEqual({ status: 200, state: 'queued' });
  });
});

/** Until so many wait in the gateway. */
async function parked({ services }: TestGateway, count: number): Promise<void> {
  await expect.poll(() => services.queue.waiting, { interval: 5 }).toBe(count);
}

describe('400', () => {
  it.each([
    ['missing', {}, 'job_id', 'Required'],
    ['a number', { job_id: 1 }, 'job_id', 'Invalid input: expected string, received number'],
    ['no UUID', { job_id: 'x' }, 'job_id', 'Invalid UUID'],
    ['empty', { job_id: '' }, 'job_id', 'Invalid UUID'],
    ['in braces', { job_id: `{${UNKNOWN_ID}}` }, 'job_id', 'Invalid UUID'],
    ['with a line end', { job_id: `${UNKNOWN_ID}\n` }, 'job_id', 'Invalid UUID'],
    ['with NUL', { job_id: `${UNKNOWN_ID}\0` }, 'job_id', 'Invalid UUID'],
    ['half a surrogate', { job_id: '\ud800' }, 'job_id', 'Invalid UUID'],
    ['in fullwidth digits', { job_id: UNKNOWN_ID.replace('4', '４') }, 'job_id', 'Invalid UUID'],
  ])('where job_id is %s', async (_what, body, path, message) => {
    const issues = [{ path, message }];
    const error = `Invalid payload: ${path}: ${message}`;
    expectAnswer(await ask(body), 400, { error, code: 400, issues });
    const call = trpcClient(gateway, gateway.keys.read).job.status.query(body as never);
    expect(await refusal(call)).toMatchObject({
      message: error,
      code: 'BAD_REQUEST',
      httpStatus: 400,
      reason: 'invalid_payload',
      issues,
    });
  });

  it.each([
    ['wait_seconds', -1],
    ['wait_seconds', 56],
    ['wait_seconds', 1.5],
    ['wait_seconds', '1'],
    ['wait_seconds', null],
    ['id', 'x'.repeat(256)],
    ['id', 1],
    ['id', null],
    ['id', 'a\0b'],
    ['id', '\udc00'],
  ])('where %s is %j', async (field, value) => {
    const { status, json } = await ask({ job_id: UNKNOWN_ID, [field]: value });
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path: field });
  });

  it('lists every fault', async () => {
    const { json } = await ask({ job_id: 1, wait_seconds: 99, id: 5 });
    expect(json.issues.map(({ path }: { path: string }) => path)).toEqual([
      'job_id',
      'id',
      'wait_seconds',
    ]);
  });
});

describe('404', () => {
  it.each([
    ['as asked', UNKNOWN_ID],
    ['of version 9, in lower case', 'ABCDEF00-0000-9000-F000-000000000000'],
  ])('with two keys only, the id %s', async (_what, job_id) => {
    const answer = await ask({ job_id });
    expect(answer.text).toBe(`{"error":"Job not found","job_id":"${job_id.toLowerCase()}"}`);
    expectAnswer(answer, 404, answer.json);
    const call = trpcClient(gateway, gateway.keys.read).job.status.query({ job_id });
    expect(await refusal(call)).toMatchObject({
      message: 'Job not found',
      httpStatus: 404,
      reason: 'job_not_found',
      job_id: job_id.toLowerCase(),
    });
  });

  it('for a job of another tenant, byte for byte as for an unknown one', async () => {
    const { job_id } = await finishJob(gateway);
    const stranger = await createTestKey(gateway.services, 'admin', 'other');
    const asStranger = (body: object) => gateway.request('POST', PATH, { key: stranger, body });
    const foreign = await asStranger({ job_id });
    const unknown = await asStranger({ job_id: UNKNOWN_ID });
    expect(foreign.status).toBe(404);
    expect(foreign.text.replace(job_id, UNKNOWN_ID)).toBe(unknown.text);
    expect(Object.keys(Object.fromEntries(foreign.headers))).toEqual(
      Object.keys(Object.fromEntries(unknown.headers)),
    );
    const waited = await asStranger({ job_id, wait_seconds: 55 });
    expect(waited.text).toBe(foreign.text);
  });
});

describe('429', () => {
  it('where MAX_WAITERS wait, exactly', async () => {
    const own = await ownGateway({ maxWaiters: 20 });
    const job_id = await submitJob(own);
    const calls = Array.from({ length: 60 }, () => ask({ job_id, wait_seconds: 55 }, own));
    let refusals = 0;
    for (const call of calls) void call.then(({ status }) => (refusals += Number(status === 429)));
    await expect.poll(() => refusals, { interval: 5 }).toBe(40);
    expect(own.services.queue.waiting).toBe(20);
    const over = trpcClient(own, own.keys.read).job.status.query({ job_id, wait_seconds: 1 });
    expect(await refusal(over)).toMatchObject({
      code: 'TOO_MANY_REQUESTS',
      retry_after_seconds: 2,
    });
    expect((await ask({ job_id }, own)).status).toBe(200);
    await own.services.store.cancel({ tenant: 'default', jobId: job_id });
    const answers = await Promise.all(calls);
    const full = answers.filter(({ status }) => status === 429);
    expect([full.length, answers.filter(({ status }) => status === 200).length]).toEqual([40, 20]);
    for (const answer of full) {
      const error = 'MAX_WAITERS (20) reached: ask again without wait_seconds';
      expectAnswer(answer, 429, { error, code: 429 });
      expect(answer.headers.get('retry-after')).toBe('2');
    }
  });
});

describe('500', () => {
  const DAMAGED = 'Failed to retrieve job status: the stored result of this job is damaged';
  const BROKEN = 'Failed to retrieve job status: the job store is damaged';

  it('masked, where the stored result is damaged', async () => {
    const own = await ownGateway();
    const { job_id } = await finishJob(own, 'the right result');
    change(own, `UPDATE jobs SET result = '"a wrong result"'`);
    expectAnswer(await ask({ job_id }, own), 500, { error: DAMAGED, code: 500 });
    const over = trpcClient(own, own.keys.read).job.status.query({ job_id });
    expect(await refusal(over)).toEqual({
      message: DAMAGED,
      code: 'INTERNAL_SERVER_ERROR',
      httpStatus: 500,
      reason: 'internal',
    });
  });

  it('masked, where the table is gone; told in the log with the id of the request', async () => {
    const lines: string[] = [];
    const logger = { level: 'error', stream: { write: (line: string) => void lines.push(line) } };
    const own = await ownGateway({ logger });
    const { job_id } = await finishJob(own);
    change(own, 'ALTER TABLE jobs RENAME TO elsewhere');
    expectAnswer(await ask({ job_id }, own), 500, { error: BROKEN, code: 500 });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      request_id: expect.any(String),
      msg: BROKEN,
      err: { message: 'no such table: jobs' },
    });
    change(own, 'ALTER TABLE elsewhere RENAME TO jobs');
  });
});

function change({ databasePath }: TestGateway, sql: string): void {
  const database = new Database(databasePath);
  database.exec(sql);
  database.close();
}
