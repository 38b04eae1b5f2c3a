// job.get: the flat view of a job in every state, waits for its end or a change, and its GET twin.
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import type { JobView } from '../../src/index.ts';
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
import { createTestKey, startTestGateway, type TestAnswer, type TestGateway } from '../gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const PATH = '/v1/toolkit/job/get';

const ask = (body: object, headers = {}, of = gateway) =>
  of.request('POST', PATH, { key: of.keys.read, body, headers });

const get = (job_id: string) => ask({ job_id });

/** By GET. */
function fetchJob(query: Record<string, unknown> | string, headers = {}, of = gateway) {
  const asked = typeof query === 'string' ? query : toQuery(query);
  return of.request('GET', `${PATH}?${asked}`, { key: of.keys.read, headers });
}

function toQuery(input: Record<string, unknown>): string {
  return new URLSearchParams(input as Record<string, string>).toString();
}

/** By POST, by GET and over tRPC; each gives the job, or nothing where it is gone. */
const WAYS: [string, (input: Record<string, unknown>, of?: TestGateway) => Promise<any>][] = [
  ['POST', async (input, of) => seen(await ask(input, {}, of))],
  ['GET', async (input, of) => seen(await fetchJob(input, {}, of))],
  ['tRPC', (input, of = gateway) => trpcClient(of, of.keys.read).job.get.query(input as never)],
];

function seen({ status, json }: TestAnswer): unknown {
  expect(status).toBe(200);
  return json;
}

async function ownGateway(...[options]: Parameters<typeof startTestGateway>): Promise<TestGateway> {
  const own = await startTestGateway(options);
  onTestFinished(() => own.close());
  return own;
}

/** Until so many wait in the gateway. */
async function parked(count: number, { services } = gateway): Promise<void> {
  await expect.poll(() => services.queue.waiting, { interval: 5 }).toBe(count);
}

const cancel = (jobId: string, { services } = gateway) =>
  services.store.cancel({ tenant: 'default', jobId });

describe('200', () => {
  it('queued', async () => {
    const payload = { media_url: 'https://example.com/talk.mp3' };
    const jobId = await submitJob(gateway, { id: 'mine', payload, priority: 3 });
    const { status, json } = await get(jobId.toUpperCase());
    expect(status).toBe(200);
    expect(json).toMatchObject({
      job_id: jobId,
      id: 'mine',
      endpoint: ENDPOINT,
      job_status: 'queued',
      payload,
      code: null,
      result: null,
      error: null,
      attempt: 1,
      attempts: [],
      worker_id: null,
      priority: 3,
      cancel_requested: false,
      started_at: null,
      ended_at: null,
      version: 1,
    });
    await gateway.services.store.cancel({ tenant: 'default', jobId });
  });

  it('running', async () => {
    const lease = await startJob(gateway);
    await post(gateway, 'work', 'worker/heartbeat', { ...lease, progress: { percent: 40 } });
    expect((await get(lease.job_id)).json).toMatchObject({
      job_status: 'running',
      code: null,
      progress: { percent: 40 },
      fence: 1,
      worker_id: 'tester',
      started_at: expect.any(Number),
      attempts: [{ fence: 1, worker_id: 'tester', pid: null, ended_at: null, outcome: null }],
    });
    await post(gateway, 'work', 'worker/complete', { ...lease, result: null });
  });

  it('done, with its result as it came', async () => {
    const result = { é: [1, { deep: null }], text: '\ud83d\ude00' };
    const { job_id } = await finishJob(gateway, result);
    const { json } = await get(job_id);
    expect(json).toMatchObject({ job_status: 'done', code: 200, error: null });
    expect(json.result).toEqual(result);
    expect(json.ended_at).toBeGreaterThanOrEqual(json.started_at);
  });

  it('failed, with the reason', async () => {
    const lease = await startJob(gateway);
    const failure = { message: 'not audio', code: 422, retry: false };
    await post(gateway, 'work', 'worker/fail', { ...lease, ...failure });
    expect((await get(lease.job_id)).json).toMatchObject({
      job_status: 'failed',
      code: 422,
      result: null,
      error: 'not audio',
      attempts: [{ outcome: 'failed', message: 'not audio' }],
    });
  });

  it('over tRPC the same, typed', async () => {
    const { job_id } = await finishJob(gateway);
    const typed = await trpcClient(gateway, gateway.keys.read).job.get.query({ job_id });
    expectTypeOf(typed.job_status).toEqualTypeOf<JobView['job_status']>();
    expectTypeOf(typed.ended_at).toEqualTypeOf<number | null>();
    expect(typed).toEqual((await get(job_id)).json);
  });
});

describe('200 by GET', () => {
  it('is the same as by POST, with a weak tag', async () => {
    const { job_id } = await finishJob(gateway, { a: 1 });
    const { status, headers, text } = await fetchJob({ job_id: job_id.toUpperCase() });
    expect({ status, text }).toEqual({ status: 200, text: (await get(job_id)).text });
    expect(headers.get('etag')).toMatch(/^W\/"[\x21\x23-\x7e]+"$/);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('is where a submission says that the job can be looked at', async () => {
    const body = { endpoint: ENDPOINT };
    const { headers, json } = await post(gateway, 'submit', 'job/submit', body);
    const location = headers.get('location') ?? '';
    const answer = await gateway.request('GET', location, { key: gateway.keys.read });
    expect(answer.json).toMatchObject({ job_id: json.job_id, job_status: 'queued' });
    await cancel(json.job_id);
  });

  it('has a HEAD that tells the same without a body', async () => {
    const { job_id } = await finishJob(gateway);
    const path = `${PATH}?job_id=${job_id}`;
    const byGet = await gateway.request('GET', path, { key: gateway.keys.read });
    const byHead = await gateway.request('HEAD', path, { key: gateway.keys.read });
    expect(byHead).toMatchObject({ status: 200, text: '' });
    const told = ['etag', 'cache-control', 'content-type', 'content-length', 'retry-after'];
    for (const name of told) expect(byHead.headers.get(name)).toBe(byGet.headers.get(name));
  });

  it('has another tag after each change, and after one of its place', async () => {
    const own = await ownGateway();
    const tags: (string | null)[] = [];
    const note = async (job_id: string) =>
      tags.push((await fetchJob({ job_id }, {}, own)).headers.get('etag'));
    const [first, second] = [await submitJob(own), await submitJob(own)];
    await note(second);
    await cancel(first, own);
    await note(second);
    const lease = await claimJob(own);
    await note(second);
    await post(own, 'work', 'worker/progress', { ...lease, percent: 10 });
    await note(second);
    await post(own, 'work', 'worker/complete', { ...lease, result: 1 });
    await note(second);
    await note(second);
    expect(new Set(tags).size).toBe(5);
    expect(tags[5]).toBe(tags[4]);
  });
});

describe('304', () => {
  it('without a body for what the caller has, with what a 200 would say', async () => {
    const { job_id } = await startJob(gateway);
    const first = await fetchJob({ job_id });
    const tag = first.headers.get('etag') ?? '';
    for (const named of [tag, tag.slice(2), `"x", ${tag}`, '*']) {
      const { status, headers, text } = await fetchJob({ job_id }, { 'if-none-match': named });
      expect({ status, text }).toEqual({ status: 304, text: '' });
      for (const name of ['etag', 'cache-control', 'retry-after']) {
        expect(headers.get(name)).toBe(first.headers.get(name));
      }
      expect(headers.get('content-type')).toBeNull();
    }
    const stale = await fetchJob({ job_id }, { 'if-none-match': '"x"' });
    expect(stale).toMatchObject({ status: 200, json: { job_id } });
    await cancel(job_id);
  });

  it('no more once the job has changed, and of one that ended without Retry-After', async () => {
    const lease = await startJob(gateway);
    const { job_id } = lease;
    const tag = (await fetchJob({ job_id })).headers.get('etag');
    await post(gateway, 'work', 'worker/complete', { ...lease, result: 1 });
    const changed = await fetchJob({ job_id }, { 'if-none-match': tag });
    expect(changed).toMatchObject({ status: 200, json: { job_status: 'done' } });
    const now = changed.headers.get('etag');
    const known = await fetchJob({ job_id }, { 'if-none-match': now });
    expect(known.status).toBe(304);
    expect(known.headers.get('retry-after')).toBeNull();
  });

  it('after a wait in which nothing changed', async () => {
    const { job_id } = await startJob(gateway);
    const tag = (await fetchJob({ job_id })).headers.get('etag');
    const headers = { 'if-none-match': tag, prefer: 'wait=1' };
    const { status, headers: told } = await fetchJob({ job_id, wait_for: 'change' }, headers);
    expect({ status, tag: told.get('etag') }).toEqual({ status: 304, tag });
    expect(told.get('preference-applied')).toBe('wait=1');
    await cancel(job_id);
  });

  it('not by POST, which has no tags', async () => {
    const { job_id } = await finishJob(gateway);
    expect(await ask({ job_id }, { 'if-none-match': '*' })).toMatchObject({ status: 200 });
  });
});

describe('Retry-After', () => {
  it('is told of a job that has not ended, by every answer about it', async () => {
    const own = await ownGateway();
    const jobId = await submitJob(own);
    const body = { job_id: jobId };
    const lease = await claimJob(own);
    await post(own, 'work', 'worker/progress', { ...lease, eta_seconds: 41.5 });
    const answers = [
      await ask(body, {}, own),
      await fetchJob(body, {}, own),
      await post(own, 'read', 'job/status', body),
      await post(own, 'submit', 'job/cancel', body),
    ];
    expect(answers.map(({ headers }) => headers.get('retry-after'))).toEqual(Array(4).fill('42'));
    await post(own, 'work', 'worker/release', lease);
    const ended = [
      await ask(body, {}, own),
      await fetchJob(body, {}, own),
      await post(own, 'read', 'job/status', body),
    ];
    expect(ended.map(({ headers }) => headers.get('retry-after'))).toEqual([null, null, null]);
    const retried = await post(own, 'submit', 'job/retry', body);
    expect(retried.headers.get('retry-after')).toBe('1');
  });
});

describe.each(WAYS)('200 after a wait, by %s', (_way, askBy) => {
  it('for the end, which is the default, and not for a change before it', async () => {
    const own = await ownGateway();
    const lease = await startJob(own);
    const { job_id } = lease;
    const waiting = [{}, { wait_for: 'end' }, { wait_for: 'end', version: 1 }].map((asked) =>
      askBy({ job_id, wait_seconds: 55, ...asked }, own),
    );
    await parked(3, own);
    await post(own, 'work', 'worker/progress', { ...lease, percent: 10 });
    expect(own.services.queue.waiting).toBe(3);
    await post(own, 'work', 'worker/complete', { ...lease, result: 1 });
    const states = (await Promise.all(waiting)).map(({ job_status }) => job_status);
    expect(states).toEqual(['done', 'done', 'done']);
    expect(await askBy({ job_id, wait_seconds: 55 }, own)).toMatchObject({ result: 1 });
  });

  it('for any change', async () => {
    const own = await ownGateway();
    const job_id = await submitJob(own);
    const changed = async (version: number | undefined, change: () => Promise<unknown>) => {
      const input = { job_id, wait_seconds: 55, wait_for: 'change', ...(version && { version }) };
      const waiting = askBy(input, own);
      await parked(1, own);
      await change();
      const { job_status, version: now, progress } = await waiting;
      return [job_status, now, progress?.percent];
    };
    let lease = { job_id, lease_token: '' };
    const claim = async () => (lease = await claimJob(own));
    const work = (verb: string, fields = {}) =>
      post(own, 'work', `worker/${verb}`, { ...lease, ...fields });
    expect(await changed(1, claim)).toEqual(['running', 2, undefined]);
    expect(await changed(2, () => work('progress', { percent: 1 }))).toEqual(['running', 3, 1]);
    // Within a second: told to those who wait, though no event is kept of it.
    expect(await changed(undefined, () => work('progress', { percent: 2 }))).toEqual([
      'running',
      4,
      2,
    ]);
    expect(await changed(4, () => work('release'))).toEqual(['queued', 5, 2]);
    expect(await changed(5, claim)).toEqual(['running', 6, undefined]);
    expect(await changed(6, () => cancel(job_id, own))).toEqual(['running', 7, undefined]);
    expect(await changed(7, () => work('release'))).toEqual(['cancelled', 8, undefined]);
    const retry = () => post(own, 'submit', 'job/retry', { job_id });
    expect(await changed(8, retry)).toEqual(['queued', 9, undefined]);
  });

  it('at once where the version is another', async () => {
    const job_id = await submitJob(gateway);
    const input = { job_id, wait_seconds: 55, wait_for: 'change' };
    for (const version of [0, 2, 99]) {
      expect(await askBy({ ...input, version })).toMatchObject({ version: 1 });
    }
    await cancel(job_id);
    expect(await askBy({ ...input, version: 1 })).toMatchObject({ job_status: 'cancelled' });
  });

  it('is not ended by a change of the place in the queue', async () => {
    const own = await ownGateway();
    const [first, job_id] = [await submitJob(own), await submitJob(own)];
    const waiting = askBy({ job_id, wait_seconds: 55, wait_for: 'change', version: 1 }, own);
    await parked(1, own);
    await cancel(first, own);
    expect((await askBy({ job_id }, own)).queue_position).toBe(0);
    expect(own.services.queue.waiting).toBe(1);
    await cancel(job_id, own);
    expect(await waiting).toMatchObject({ job_status: 'cancelled' });
  });

  it('is no wait without wait_seconds', async () => {
    const job_id = await submitJob(gateway);
    const answer = await askBy({ job_id, wait_for: 'change', version: 1 });
    expect(answer).toMatchObject({ job_status: 'queued' });
    await cancel(job_id);
  });
});

describe('200 after a wait', () => {
  it('with a tag instead of a version answers at once where the job has changed since', async () => {
    const lease = await startJob(gateway);
    const { job_id } = lease;
    const tag = (await fetchJob({ job_id })).headers.get('etag');
    await post(gateway, 'work', 'worker/progress', { ...lease, percent: 10 });
    const asked = { job_id, wait_for: 'change', wait_seconds: 55 };
    const changed = await fetchJob(asked, { 'if-none-match': tag });
    expect(changed).toMatchObject({ status: 200, json: { version: 3 } });
    const waiting = fetchJob(asked, { 'if-none-match': changed.headers.get('etag') });
    await parked(1);
    await post(gateway, 'work', 'worker/complete', { ...lease, result: 1 });
    expect(await waiting).toMatchObject({ status: 200, json: { job_status: 'done' } });
  });

  it('as Prefer asks, by POST and GET; wait_seconds wins', async () => {
    const own = await ownGateway();
    const job_id = await submitJob(own);
    const prefer = { prefer: 'respond-async, wait=600' };
    const waiting = [ask({ job_id }, prefer, own), fetchJob({ job_id }, prefer, own)];
    await parked(2, own);
    const now = [
      await ask({ job_id, wait_seconds: 0 }, prefer, own),
      await fetchJob({ job_id, wait_seconds: 0 }, prefer, own),
    ];
    await cancel(job_id, own);
    const applied = ({ headers, json }: TestAnswer) => [
      json.job_status,
      headers.get('preference-applied'),
    ];
    expect((await Promise.all(waiting)).map(applied)).toEqual([
      ['cancelled', 'wait=55'],
      ['cancelled', 'wait=55'],
    ]);
    expect(now.map(applied)).toEqual([
      ['queued', null],
      ['queued', null],
    ]);
  });

  it.each(['POST', 'GET', 'HEAD'])(
    'forgets a caller by %s that goes away, at once',
    async (method) => {
      const own = await ownGateway({ maxWaiters: 1 });
      const job_id = await submitJob(own);
      const input = { job_id, wait_seconds: 55, wait_for: 'change' };
      const query = method === 'POST' ? '' : `?${toQuery(input)}`;
      const headers = { 'x-api-key': own.keys.read, 'content-type': 'application/json' };
      const caller = httpRequest(own.url + PATH + query, { method, headers });
      caller.on('error', () => {}).end(method === 'POST' ? JSON.stringify(input) : undefined);
      await parked(1, own);
      caller.destroy();
      await parked(0, own);
      expect(own.services.queue.waiting).toBe(0);
    },
  );
});

describe('400', () => {
  it.each([
    ['wait_for', 'progress'],
    ['wait_for', ''],
    ['wait_for', 1],
    ['wait_for', null],
    ['wait_for', ['end']],
    ['wait_seconds', 56],
    ['wait_seconds', -1],
    ['wait_seconds', 0.5],
    ['wait_seconds', '5'],
    ['version', -1],
    ['version', 1.5],
    ['version', '1'],
    ['version', null],
    ['wait', 5],
  ])('where %s is %j', async (field, value) => {
    const input = { job_id: UNKNOWN_ID, [field]: value };
    const { status, json } = await ask(input);
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path: field });
    const over = await refusal(trpcClient(gateway, gateway.keys.read).job.get.query(input));
    expect(over).toMatchObject({ httpStatus: 400, issues: json.issues });
  });

  it.each([
    ['job_id', ''],
    ['job_id', 'job_id=x'],
    ['job_id', `job_id=${UNKNOWN_ID}&job_id=${UNKNOWN_ID}`],
    ['job_id', `job_id[]=${UNKNOWN_ID}`],
    ['wait_seconds', `job_id=${UNKNOWN_ID}&wait_seconds=`],
    ['wait_seconds', `job_id=${UNKNOWN_ID}&wait_seconds=five`],
    ['wait_seconds', `job_id=${UNKNOWN_ID}&wait_seconds=56`],
    ['wait_seconds', `job_id=${UNKNOWN_ID}&wait_seconds=1&wait_seconds=2`],
    ['wait_for', `job_id=${UNKNOWN_ID}&wait_for=End`],
    ['version', `job_id=${UNKNOWN_ID}&version=99999999999999999999`],
    ['max_wait', `job_id=${UNKNOWN_ID}&max_wait=1`],
    ['__proto__', `job_id=${UNKNOWN_ID}&__proto__=1`],
    ['constructor', `job_id=${UNKNOWN_ID}&constructor=1`],
  ])('by GET naming %s: ?%s', async (field, query) => {
    const { status, json } = await fetchJob(query);
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path: field });
  });

  it('naming every parameter it does not know', async () => {
    const { json } = await fetchJob(`job_id=${UNKNOWN_ID}&b=1&a`);
    expect(json.issues).toEqual([
      { path: 'b', message: 'Unknown property' },
      { path: 'a', message: 'Unknown property' },
    ]);
  });

  it('not for a malformed Prefer, by POST and GET', async () => {
    const { job_id } = await startJob(gateway);
    for (const prefer of ['wait=', 'wait=soon', 'wait="', '===', 'wait=-1']) {
      const answers = [await ask({ job_id }, { prefer }), await fetchJob({ job_id }, { prefer })];
      for (const { status, headers } of answers) {
        expect(status).toBe(200);
        expect(headers.get('preference-applied')).toBeNull();
      }
    }
    await cancel(job_id);
  });
});

describe('404', () => {
  it('for a job that is not there, and for one of another tenant', async () => {
    expectAnswer(await get(UNKNOWN_ID), 404, { error: 'Job not found', job_id: UNKNOWN_ID });
    const { job_id } = await finishJob(gateway);
    const key = await createTestKey(gateway.services, 'admin', 'other');
    const foreign = await gateway.request('POST', '/v1/toolkit/job/get', { key, body: { job_id } });
    expectAnswer(foreign, 404, { error: 'Job not found', job_id });
    const over = await refusal(trpcClient(gateway, key).job.get.query({ job_id }));
    expect(over).toMatchObject({ httpStatus: 404, reason: 'job_not_found', job_id });
  });

  it('by GET, and with a tag that would name anything', async () => {
    const body = { error: 'Job not found', job_id: UNKNOWN_ID };
    expectAnswer(await fetchJob({ job_id: UNKNOWN_ID }), 404, body);
    const known = await fetchJob({ job_id: UNKNOWN_ID }, { 'if-none-match': '*' });
    expectAnswer(known, 404, body);
    expect(known.headers.get('etag')).toBeNull();
    expectAnswer(await fetchJob({ job_id: UNKNOWN_ID, wait_seconds: 55 }), 404, body);
  });

  it.each(['POST', 'GET'])(
    'after a wait by %s that the removal of the job ends',
    async (method) => {
      const { job_id } = await finishJob(gateway);
      const input = { job_id, wait_seconds: 55, wait_for: 'change' };
      const waiting = method === 'POST' ? ask(input) : fetchJob(input);
      await parked(1);
      await gateway.services.store.delete({ tenant: 'default', jobId: job_id });
      expectAnswer(await waiting, 404, { error: 'Job not found', job_id });
    },
  );

  it('after a wait over tRPC too', async () => {
    const { job_id } = await finishJob(gateway);
    const input = { job_id, wait_seconds: 55, wait_for: 'change' } as const;
    const waiting = refusal(trpcClient(gateway, gateway.keys.read).job.get.query(input));
    await parked(1);
    await gateway.services.store.delete({ tenant: 'default', jobId: job_id });
    expect(await waiting).toMatchObject({ httpStatus: 404, job_id });
  });
});

describe('429', () => {
  it('where MAX_WAITERS wait already, over REST and tRPC', async () => {
    const own = await ownGateway({ maxWaiters: 1 });
    const job_id = await submitJob(own);
    const input = { job_id, wait_seconds: 55, wait_for: 'change' } as const;
    const waiting = ask(input, {}, own);
    await parked(1, own);
    const error = 'MAX_WAITERS (1) reached: ask again without wait_seconds';
    for (const answer of [await ask(input, {}, own), await fetchJob(input, {}, own)]) {
      expectAnswer(answer, 429, { error, code: 429 });
      expect(answer.headers.get('retry-after')).toBe('2');
    }
    const preferring = await ask({ job_id }, { prefer: 'wait=5' }, own);
    expectAnswer(preferring, 429, { error, code: 429 });
    expect(preferring.headers.get('preference-applied')).toBeNull();
    const over = trpcClient(own, own.keys.read).job.get.query(input);
    expect(await refusal(over)).toMatchObject({ httpStatus: 429, retry_after_seconds: 2 });
    expect((await ask({ job_id }, {}, own)).status).toBe(200);
    await cancel(job_id, own);
    expect((await waiting).status).toBe(200);
  });
});
