// Following a job where a proxy lets no stream through, cuts, stalls or refuses: never stuck, never blind.
import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  NetworkError,
  type JobChange,
  type JobgateClient,
  type JobgateClientOptions,
} from '../../src/client/client.ts';
import { GatewayClient } from '../../src/client/gateway-client.ts';
import { claimJob, ENDPOINT, finishJob, post, startJob, type Lease } from '../clients.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../gateway.ts';
import { json, startScriptedServer } from '../scripted-server.ts';
import { startProxy, type Proxy } from './proxy.ts';
import { until } from '../until.ts';

const TIMING = { startMs: 15_000, silenceMs: 20_000, pollMs: 20, longestPollMs: 50, briefMs: 100 };

const STREAM = 'GET /v1/toolkit/job/events';
const LOOK = 'POST /v1/toolkit/job/get';

interface Setting {
  gateway: TestGateway;
  proxy: Proxy;
  client: JobgateClient;
  /** What the proxy passed on, but for submissions. */
  asked(): string[];
}

/** A client that reaches its gateway through a proxy only. */
async function useProxied(
  { timing = {}, ...options }: Partial<JobgateClientOptions> & { timing?: object } = {},
  gatewayOptions: TestGatewayOptions = {},
): Promise<Setting> {
  const gateway = await startTestGateway(gatewayOptions);
  onTestFinished(() => gateway.close());
  const proxy = await startProxy(gateway.url);
  const address = { url: proxy.url, apiKey: gateway.keys.submit };
  const client = new GatewayClient({ ...address, ...options }, { ...TIMING, ...timing });
  return { gateway, proxy, client, asked: () => proxy.requests };
}

function gather(client: JobgateClient, jobId: string) {
  const seen: JobChange[] = [];
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const run = async (): Promise<void> => {
    for await (const change of client.watch(jobId, { signal: controller.signal }))
      seen.push(change);
  };
  const over = run();
  over.catch(() => {});
  const leave = () => controller.abort(new Error('left'));
  return { seen, over, leave, kinds: () => seen.map(({ kind }) => kind) };
}

const work = (gateway: TestGateway, verb: string, lease: Lease, fields: object = {}) =>
  post(gateway, 'work', `worker/${verb}`, { ...lease, ...fields });

/** A job from its submission to its end, each step once the step before was seen. */
async function expectFollowed({ gateway, client }: Setting): Promise<JobChange[]> {
  const { job_id } = await client.submit({ endpoint: ENDPOINT });
  const { seen, over, kinds } = gather(client, job_id);
  await until(() => expect(kinds()).toEqual(['queued']));
  const lease = await claimJob(gateway);
  await until(() => expect(kinds()).toEqual(['queued', 'running']));
  await work(gateway, 'progress', lease, { percent: 7 });
  await until(() => expect(kinds()).toEqual(['queued', 'running', 'progress']));
  await work(gateway, 'complete', lease, { result: 1 });
  await over;
  expect(kinds()).toEqual(['queued', 'running', 'progress', 'done']);
  expect(await client.waitFor(job_id)).toMatchObject({ result: 1 });
  return seen;
}

const html = (status: string) =>
  `HTTP/1.1 ${status}\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nno`;

describe('a stream that does not get through', () => {
  it.each<[string, (proxy: Proxy) => void]>([
    ['held back until its end', (proxy) => proxy.holdBack(/events/)],
    ['404 of a proxy', (proxy) => proxy.answerWith(/events/, html('404 Not Found'))],
    ['406', (proxy) => proxy.answerWith(/events/, html('406 Not Acceptable'))],
    ['a page instead', (proxy) => proxy.answerWith(/events/, html('200 OK'))],
  ])(
    '%s: the client waits instead, and tries no stream for the next job',
    async (_what, hinder) => {
      const setting = await useProxied({ timing: { startMs: 200 } });
      hinder(setting.proxy);
      const seen = await expectFollowed(setting);
      expect(seen).toMatchObject([
        { seq: null, kind: 'queued', job_status: 'queued', data: {} },
        { seq: null, kind: 'running', at: expect.any(Number), data: { worker_id: 'tester' } },
        { seq: null, kind: 'progress', data: { progress: { percent: 7 } } },
        { seq: null, kind: 'done', at: expect.any(Number), data: { code: 200 } },
      ]);
      const asked = setting.asked();
      expect(asked.filter((request) => request === STREAM).length).toBe(1);
      // One a change, the last of which is the second follower's, and no more: they were held back.
      expect(asked.filter((request) => request === LOOK).length).toBeLessThanOrEqual(6);
    },
  );

  it('because it is cut again and again, is given up for this job', async () => {
    const { gateway, proxy, client, asked } = await useProxied();
    const lease = await startJob(gateway);
    const { over, kinds } = gather(client, lease.job_id);
    const streams = () => asked().filter((request) => request === STREAM).length;
    const isWaiting = () => asked().includes(LOOK);
    // The first tells of two events, the others of nothing.
    await until(() => expect(kinds().length).toBe(2));
    while (!isWaiting()) {
      const opened = streams();
      proxy.drop();
      await until(() => expect(isWaiting() || streams() > opened).toBe(true));
      await until(() => expect(isWaiting() || proxy.answers === streams()).toBe(true));
    }
    expect(streams()).toBeGreaterThanOrEqual(4);
    await work(gateway, 'complete', lease, { result: 1 });
    await over;
    expect(kinds()).toEqual(['queued', 'running', 'done']);
  });
});

describe('a stream that falls silent', () => {
  it('is opened again after the last event', async () => {
    const { gateway, proxy, client } = await useProxied({ timing: { silenceMs: 300 } });
    const lease = await startJob(gateway);
    const { seen, over, kinds } = gather(client, lease.job_id);
    await until(() => expect(kinds()).toEqual(['queued', 'running']));
    proxy.freeze();
    await work(gateway, 'complete', lease, { result: 1 });
    await over;
    expect(kinds()).toEqual(['queued', 'running', 'done']);
    expect(seen[2]?.seq).toBeGreaterThan(seen[1]?.seq ?? Infinity);
  });
});

describe('a wait', () => {
  it('that is refused because too many wait is a poll', async () => {
    const { gateway, proxy, client, asked } = await useProxied(
      { timing: { startMs: 200 } },
      { maxWaiters: 1 },
    );
    proxy.holdBack(/events/);
    const lease = await startJob(gateway);
    const body = { job_id: lease.job_id, wait_seconds: 20 };
    const parked = post(gateway, 'read', 'job/status', body);
    await until(() => expect(gateway.services.queue.waiting).toBe(1));
    const { over, kinds } = gather(client, lease.job_id);
    await until(() => expect(kinds()).toEqual(['running']));
    await work(gateway, 'progress', lease, { percent: 7 });
    await until(() => expect(kinds()).toEqual(['running', 'progress']));
    expect(gateway.services.queue.waiting).toBe(1);
    await work(gateway, 'complete', lease, { result: 1 });
    await over;
    await parked;
    expect(asked().filter((request) => request === LOOK).length).toBeLessThan(10);
  });

  it('that is cut is made shorter', async () => {
    const { gateway, proxy, client } = await useProxied({ timing: { startMs: 200, briefMs: 0 } });
    proxy.holdBack(/events/);
    const lease = await startJob(gateway);
    const { over, kinds } = gather(client, lease.job_id);
    await until(() => expect(kinds()).toEqual(['running']));
    await until(() => expect(gateway.services.queue.waiting).toBe(1));
    proxy.drop();
    await until(() => expect(proxy.bodies.at(-1)).toContain('"wait_seconds":27'));
    await work(gateway, 'complete', lease, { result: 1 });
    await over;
    expect(kinds()).toEqual(['running', 'done']);
  });
});

describe('more jobs than streams', () => {
  it('tell at the first look how far a job is', async () => {
    const { gateway, client } = await useProxied({ maxStreams: 0 });
    const lease = await startJob(gateway);
    await work(gateway, 'progress', lease, { percent: 7 });
    const { seen, leave } = gather(client, lease.job_id);
    await until(() => expect(seen.length).toBe(1));
    expect(seen[0]).toMatchObject({ kind: 'running', data: { progress: { percent: 7 } } });
    leave();
  });

  it('are polled, as often as the gateway advises', async () => {
    const setting = await useProxied({ maxStreams: 0 });
    await expectFollowed(setting);
    expect(setting.asked().includes(STREAM)).toBe(false);
  });

  it('get a line when one is free', async () => {
    const { gateway, client, asked } = await useProxied({ maxStreams: 1 });
    const first = await startJob(gateway);
    const followed = gather(client, first.job_id);
    await until(() => expect(gateway.services.feed.size).toBe(1));
    const second = await startJob(gateway);
    const other = gather(client, second.job_id);
    await until(() => expect(other.kinds()).toEqual(['running']));
    await work(gateway, 'complete', first, { result: 1 });
    await followed.over;
    await until(() => expect(asked().filter((one) => one === STREAM).length).toBe(2));
    await work(gateway, 'complete', second, { result: 1 });
    await other.over;
    expect(other.kinds()).toEqual(['running', 'done']);
  });
});

describe('a gateway that is away', () => {
  it('from the beginning is given up after maxAttempts', async () => {
    const { proxy, client } = await useProxied({ maxAttempts: 2 });
    proxy.refuse();
    const jobId = '00000000-0000-4000-8000-000000000000';
    await expect(client.waitFor(jobId)).rejects.toBeInstanceOf(NetworkError);
    expect(proxy.count).toBe(2);
  });

  it('meanwhile is waited for, longer than that', async () => {
    const { gateway, proxy, client } = await useProxied({ maxAttempts: 1 });
    const lease = await startJob(gateway);
    const { over, kinds } = gather(client, lease.job_id);
    await until(() => expect(kinds().length).toBe(2));
    const { count } = proxy;
    proxy.refuse();
    proxy.drop();
    await until(() => expect(proxy.count).toBeGreaterThan(count + 1));
    await work(gateway, 'complete', lease, { result: 1 });
    proxy.accept();
    await over;
    expect(kinds()).toEqual(['queued', 'running', 'done']);
  });
});

describe('all who follow a job', () => {
  it('share one connection, and who comes later is told what was before', async () => {
    const { gateway, client, asked } = await useProxied();
    const lease = await startJob(gateway);
    const first = gather(client, lease.job_id);
    for (const percent of [1, 2]) {
      await work(gateway, 'progress', lease, { percent });
      await until(() => expect(first.seen.at(-1)?.data).toEqual({ progress: { percent } }));
    }
    const second = gather(client, lease.job_id);
    const done = client.waitFor(lease.job_id);
    await until(() => expect(second.kinds()).toEqual(['queued', 'running', 'progress']));
    expect(second.seen[2]?.data).toEqual({ progress: { percent: 2 } });
    await work(gateway, 'complete', lease, { result: 1 });
    await Promise.all([first.over, second.over, done]);
    expect(first.kinds()).toEqual(['queued', 'running', 'progress', 'progress', 'done']);
    expect(second.kinds()).toEqual(['queued', 'running', 'progress', 'done']);
    expect(asked()).toEqual([STREAM, LOOK]);
  });

  it('leave alone: the others go on, and the last closes the connection', async () => {
    const { gateway, client } = await useProxied();
    const { job_id } = await startJob(gateway);
    const stays = gather(client, job_id);
    const leaves = client.watch(job_id);
    for await (const { kind } of leaves) if (kind === 'running') break;
    const pending = client.watch(job_id);
    await pending.next();
    await pending.next();
    const never = pending.next();
    await pending.return?.();
    expect(await never).toEqual({ done: true, value: undefined });
    await until(() => expect(stays.kinds()).toEqual(['queued', 'running']));
    expect(gateway.services.feed.size).toBe(1);
    stays.leave();
    await expect(stays.over).rejects.toThrow('left');
    await until(() => expect(gateway.services.feed.size).toBe(0));
  });
});

it('who returns before the first change was asked for leaves nothing on the signal', async () => {
  const client = new GatewayClient({ url: 'http://127.0.0.1:9', apiKey: 'key' }, TIMING);
  const { signal } = new AbortController();
  const changes = client.watch('any', { signal });
  await changes.return?.();
  expect(await changes.next()).toEqual({ done: true, value: undefined });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('a gateway that was restored from a backup tells what happens from then on', async () => {
  const look = (version: number, job_status: string) =>
    json(200, { version, job_status, fence: 1, progress: null, ended_at: 1, code: 200 });
  const script = [look(5, 'running'), look(5, 'running'), look(2, 'queued'), look(3, 'done')];
  const { url, bodies } = await startScriptedServer(...script);
  const client = new GatewayClient({ url, apiKey: 'jg_key', maxStreams: 0 }, TIMING);
  const { seen, over } = gather(client, 'a');
  await over;
  expect(seen.map(({ kind, version }) => [kind, version])).toEqual([
    ['running', 5],
    ['queued', 2],
    ['done', 3],
  ]);
  expect(bodies).toEqual(Array.from({ length: 4 }, () => '{"job_id":"a"}'));
});

it('a job that has ended is told of in one stream', async () => {
  const { gateway, client, asked } = await useProxied();
  const { job_id } = await finishJob(gateway);
  const { over, kinds } = gather(client, job_id);
  await over;
  expect(kinds()).toEqual(['queued', 'running', 'done']);
  expect(asked()).toEqual([STREAM]);
});
