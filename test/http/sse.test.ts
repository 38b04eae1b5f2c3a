// Server-Sent Events over the real server: order, ends, resuming, refusals, and who goes away.
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  claimJob,
  expectAnswer,
  finishJob,
  post,
  startJob,
  submitJob,
  UNKNOWN_ID,
} from '../clients.ts';
import { eventOf, openStream, RawStream } from '../event-stream.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const PATH = '/v1/toolkit/job/events';

const ask = (jobId: string, headers: Record<string, string> = {}, key = gateway.keys.read) =>
  gateway.request('GET', `${PATH}?job_id=${jobId}`, { key, headers });

describe('200', () => {
  it('tells what happened, what happens, and ends with the job', async () => {
    const lease = await startJob(gateway);
    const stream = await openStream(gateway, lease.job_id);
    expect(stream.response.status).toBe(200);
    expect(Object.fromEntries(stream.response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    const past = [await stream.next(), await stream.next()];
    expect(past.map(eventOf)).toMatchObject([
      { kind: 'queued', job_status: 'queued', version: 1 },
      { kind: 'running', job_status: 'running', version: 2, data: { worker_id: 'tester' } },
    ]);
    await post(gateway, 'work', 'worker/heartbeat', { ...lease, progress: { percent: 40 } });
    const progress = await stream.next();
    expect(progress).toMatchObject({ event: 'change' });
    expect(eventOf(progress)).toMatchObject({
      kind: 'progress',
      data: { progress: { percent: 40 } },
    });
    await post(gateway, 'work', 'worker/complete', { ...lease, result: 'ok' });
    const rest = await stream.rest();
    expect(rest.map(({ event }) => event)).toEqual(['end']);
    const end = eventOf(rest[0]);
    expect(end).toMatchObject({ kind: 'done', job_status: 'done', data: { code: 200 } });
    expect(rest[0]?.id).toBe(String(end.seq));
  });

  it('goes on after the event that the caller has', async () => {
    const { job_id: jobId } = await finishJob(gateway);
    const all = await (await openStream(gateway, jobId)).rest();
    expect(all.map(({ event }) => event)).toEqual(['change', 'change', 'end']);
    const resumed = await (await openStream(gateway, jobId, all[0]?.id)).rest();
    expect(resumed).toEqual(all.slice(1));
  });

  it('an end that was followed by a retry is a change', async () => {
    const jobId = await submitJob(gateway);
    await post(gateway, 'submit', 'job/cancel', { job_id: jobId });
    const ended = await (await openStream(gateway, jobId)).rest();
    expect(ended.map(({ event }) => event)).toEqual(['change', 'end']);
    await post(gateway, 'submit', 'job/retry', { job_id: jobId });
    const stream = await openStream(gateway, jobId, ended[0]?.id);
    expect(await stream.next()).toMatchObject({ event: 'change', id: ended[1]?.id });
    expect(eventOf(await stream.next())).toMatchObject({ kind: 'queued' });
    const lease = await claimJob(gateway);
    await post(gateway, 'work', 'worker/complete', { ...lease, result: 1 });
    expect((await stream.rest()).map(({ event }) => event)).toEqual(['change', 'end']);
  });

  it('many followers of many jobs each get their own, all of it', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => submitJob(gateway)));
    const streams = await Promise.all([...ids, ...ids].map((id) => openStream(gateway, id)));
    for (const id of ids) await post(gateway, 'submit', 'job/cancel', { job_id: id });
    const ends = await Promise.all(streams.map((stream) => stream.rest()));
    expect(ends.map((all) => eventOf(all.at(-1)).job_id)).toEqual([...ids, ...ids]);
    for (const all of ends) expect(all.map(({ event }) => event)).toEqual(['change', 'end']);
    expect(gateway.services.feed.size).toBe(0);
  });

  it('an id that was never given out is of another database: everything is told', async () => {
    const lease = await startJob(gateway);
    const stream = await openStream(gateway, lease.job_id, '999999999999999');
    expect(eventOf(await stream.next())).toMatchObject({ kind: 'queued' });
    expect(eventOf(await stream.next())).toMatchObject({ kind: 'running' });
    await post(gateway, 'work', 'worker/complete', { ...lease, result: 1 });
    expect((await stream.rest()).map(({ event }) => event)).toEqual(['end']);
  });

  it('a client that goes away is forgotten', async () => {
    const jobId = await submitJob(gateway);
    const stream = await openStream(gateway, jobId);
    await stream.next();
    expect(gateway.services.feed.size).toBe(1);
    stream.leave();
    await vi.waitFor(() => expect(gateway.services.feed.size).toBe(0));
    await post(gateway, 'submit', 'job/cancel', { job_id: jobId });
  });

  it.each(['SSE', 'tRPC'])(
    'a reader of %s that reads nothing is cut off at a bound',
    async (over) => {
      const lease = await startJob(gateway);
      const { job_id } = lease;
      const input = encodeURIComponent(JSON.stringify({ job_id }));
      const path = over === 'SSE' ? `${PATH}?job_id=${job_id}` : `/trpc/job.watch?input=${input}`;
      const stream = await RawStream.open(gateway, path);
      await stream.has('"running"');
      stream.socket.pause();
      const { feed, store } = gateway.services;
      const ref = { tenant: 'default', jobId: job_id };
      const [event] = await store.listEvents(ref, 0, 1);
      const big = { ...event!, kind: 'progress' as const, data: { message: 'x'.repeat(20_000) } };
      const change = {
        ...ref,
        endpoint: big.endpoint,
        kind: big.kind,
        version: 1,
        claimable: false,
      };
      let passed = 0;
      for (; passed < 5000 && feed.size > 0; passed += 1) {
        feed.pass({ ...change, event: { ...big, seq: 1e9 + passed } });
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(feed.size).toBe(0);
      stream.socket.destroy();
      await post(gateway, 'work', 'worker/complete', { ...lease, result: 'ok' });
    },
  );
});

describe('204', () => {
  it('when the job has ended and the caller has its last event', async () => {
    const { job_id: jobId } = await finishJob(gateway);
    const all = await (await openStream(gateway, jobId)).rest();
    for (const id of [String(all.at(-1)?.id), '999999999999999']) {
      const { status, text } = await ask(jobId, { 'last-event-id': id });
      expect({ status, text }).toEqual({ status: 204, text: '' });
    }
  });
});

describe('400', () => {
  it.each(['-1', '1.5', 'abc', '1'.repeat(16), '1, 2'])('for Last-Event-ID %s', async (id) => {
    const answer = await ask(UNKNOWN_ID, { 'last-event-id': id });
    expect(answer.status).toBe(400);
    expect(answer.json.issues).toEqual([
      { path: 'Last-Event-ID', message: 'Must be the id of an event' },
    ]);
  });

  it.each(['', 'job_id=', 'job_id=mine', `job_id=${UNKNOWN_ID}&job_id=${UNKNOWN_ID}`])(
    'for the query "%s"',
    async (query) => {
      const key = gateway.keys.read;
      const { status, json } = await gateway.request('GET', `${PATH}?${query}`, { key });
      expect(status).toBe(400);
      expect(json.issues[0].path).toBe('job_id');
    },
  );

  it('for a parameter that there is not', async () => {
    const { status, json } = await ask(`${UNKNOWN_ID}&follow=yes`);
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path: 'follow' });
  });
});

describe('before the stream begins', () => {
  it('401 without a key, 403 without the scope, 404 for an unknown job or a foreign one', async () => {
    const jobId = await submitJob(gateway);
    const none = await gateway.request('GET', `${PATH}?job_id=${jobId}`);
    expectAnswer(none, 401, { error: 'Unauthorized', code: 401 });
    expect((await ask(jobId, {}, gateway.keys.work)).status).toBe(403);
    const unknown = { error: 'Job not found', job_id: UNKNOWN_ID };
    expectAnswer(await ask(UNKNOWN_ID), 404, unknown);
    const foreign = await createTestKey(gateway.services, 'admin', 'other');
    expectAnswer(await ask(jobId, {}, foreign), 404, { error: 'Job not found', job_id: jobId });
  });

  it('405 to a POST and a HEAD', async () => {
    const head = await gateway.request('HEAD', PATH, { key: gateway.keys.read });
    expect([head.status, head.headers.get('allow')]).toEqual([405, 'GET']);
    const answer = await gateway.request('POST', PATH, { key: gateway.keys.read, body: {} });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET');
  });
});

describe('a silent stream', () => {
  it('has a comment every 15 seconds, over SSE and over tRPC', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const job_id = await submitJob(gateway);
    const input = encodeURIComponent(JSON.stringify({ job_id }));
    const sse = await RawStream.open(gateway, `${PATH}?job_id=${job_id}`);
    const trpc = await RawStream.open(gateway, `/trpc/job.watch?input=${input}`);
    await Promise.all([sse.has('event: change'), trpc.has('event: connected')]);
    for (const time of [1, 2]) {
      await vi.advanceTimersByTimeAsync(15_000);
      await Promise.all([sse.has(': keep-alive', time), trpc.has('event: ping', time)]);
      expect([sse.count(': keep-alive'), trpc.count('event: ping')]).toEqual([time, time]);
    }
    for (const { socket } of [sse, trpc]) socket.destroy();
    vi.useRealTimers();
    await vi.waitFor(() => expect(gateway.services.feed.size).toBe(0));
    await post(gateway, 'submit', 'job/cancel', { job_id });
  });
});

describe('a gateway that stops', () => {
  it('ends its streams at once, and they go on at the next', async () => {
    const stopping = await startTestGateway();
    const jobId = await submitJob(stopping);
    const stream = await openStream(stopping, jobId);
    expect(eventOf(await stream.next())).toMatchObject({ kind: 'queued' });
    await stopping.close();
    expect(await stream.next()).toBeUndefined();
  });
});
