// The calls of a client: shared where they are equal, bounded in number, tried again where it is safe.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  createJobgateClient,
  GatewayError,
  NetworkError,
  TooManyRequestsError,
  UnavailableError,
  type JobgateClientOptions,
} from '../../src/client/client.ts';
import { isRead } from '../../src/client/procedures.ts';
import { appRouter } from '../../src/procedures/router.ts';
import { ENDPOINT } from '../clients.ts';
import { json, startScriptedServer, type Answer } from '../scripted-server.ts';
import { until } from '../until.ts';

async function scripted(script: Answer[], options: Partial<JobgateClientOptions> = {}) {
  const server = await startScriptedServer(...script);
  const client = createJobgateClient({ url: server.url, apiKey: 'jg_secret', ...options });
  return { ...server, client };
}

const hangUp: Answer = (_response, request) => request.socket.destroy();

/** Answers when it is told to. */
function held() {
  const responses: ServerResponse[] = [];
  const answer: Answer = (response) => responses.push(response);
  return {
    responses,
    answer,
    arrived: (n: number) => until(() => expect(responses.length).toBe(n)),
  };
}

describe('equal reads at the same time', () => {
  it('are one request; one caller who leaves stops no other', async () => {
    const { answer, responses, arrived } = held();
    const { client, bodies } = await scripted([answer]);
    const controller = new AbortController();
    const left = client.get('a', { signal: controller.signal });
    const others = [client.get('a'), client.get('a')];
    const different = client.get('b');
    await arrived(2);
    controller.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    for (const response of responses) response.end('{"version":1}');
    for (const call of [...others, different]) expect(await call).toEqual({ version: 1 });
    expect(bodies.toSorted()).toEqual(['{"job_id":"a"}', '{"job_id":"b"}']);
    const again = client.get('a');
    await arrived(3);
    responses[2]?.end('{"version":2}');
    expect(await again).toEqual({ version: 2 });
  });

  it('end with the last caller who leaves', async () => {
    const left = Promise.withResolvers<unknown>();
    const gone = new Error('gone');
    const controller = new AbortController();
    const { client } = await scripted([
      (_response, request) => {
        void once(request.socket, 'close').then(left.resolve);
        controller.abort(gone);
      },
    ]);
    const { signal } = controller;
    const calls = [client.get('a', { signal }), client.get('a', { signal })];
    const rejected = { status: 'rejected', reason: gone };
    expect(await Promise.allSettled(calls)).toEqual([rejected, rejected]);
    await left.promise;
  });

  it('are those of the queries of the router, and no mutation', () => {
    const procedures = Object.entries(appRouter._def.procedures) as unknown as [
      string,
      { _def: { type: string } },
    ][];
    const known = procedures.filter(([name]) => name !== 'toolkit.authenticate');
    const reads = known.filter(([, { _def }]) => _def.type === 'query').map(([name]) => name);
    expect(known.map(([name]) => name).filter(isRead)).toEqual(reads);
  });
});

describe('calls at the same time', () => {
  it('are bounded, and go in the order they were made', async () => {
    const { answer, responses, arrived } = held();
    const { client, bodies } = await scripted([answer], { maxRequests: 2 });
    const calls = ['a', 'b', 'c', 'd'].map((id) => client.get(id));
    await arrived(2);
    responses[0]?.end('{}');
    await arrived(3);
    responses[1]?.end('{}');
    responses[2]?.end('{}');
    await arrived(4);
    responses[3]?.end('{}');
    await Promise.all(calls);
    expect(bodies[2]).toBe('{"job_id":"c"}');
    expect(bodies[3]).toBe('{"job_id":"d"}');
  });
});

describe('a call that is not answered', () => {
  it('is made again, a submission with the same idempotency key', async () => {
    const accepted = json(202, { job_id: 'a' });
    const refused = json(503, { error: 'stopping', code: 503 }, { 'retry-after': '0' });
    const html: Answer = (response) => response.writeHead(502).end('<html>Bad Gateway</html>');
    const { client, bodies } = await scripted([hangUp, refused, html, accepted]);
    expect(await client.submit({ endpoint: ENDPOINT })).toEqual({ job_id: 'a' });
    expect(new Set(bodies).size).toBe(1);
    expect(bodies.length).toBe(4);
    expect(JSON.parse(bodies[0] ?? '')).toEqual({
      endpoint: ENDPOINT,
      idempotency_key: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  it('is given up after maxAttempts', async () => {
    const { client, bodies, url } = await scripted([hangUp], { maxAttempts: 2 });
    const error = await client.get('a').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NetworkError);
    expect((error as Error).message).toMatch(`The gateway at ${url} does not answer: `);
    expect(bodies.length).toBe(2);
  });

  it('is not made again where that might do it twice', async () => {
    const { client, bodies } = await scripted([hangUp]);
    await expect(client.call('job.retry', { job_id: 'a' })).rejects.toBeInstanceOf(NetworkError);
    expect(bodies.length).toBe(1);
  });

  it('is made again where it was refused undone', async () => {
    const full = json(429, { error: 'full', code: 429 }, { 'retry-after': '0' });
    const { client, bodies } = await scripted([full, json(200, { version: 1 })]);
    expect(await client.call('job.retry', { job_id: 'a' })).toEqual({ version: 1 });
    expect(bodies.length).toBe(2);
  });

  it('ends its wait for another try with the reason of the signal', async () => {
    const full = json(429, { error: 'full', code: 429 }, { 'retry-after': '60' });
    const { client, bodies } = await scripted([full]);
    const controller = new AbortController();
    const call = client.get('a', { signal: controller.signal });
    await until(() => expect(bodies.length).toBe(1));
    controller.abort();
    await expect(call).rejects.toBe(controller.signal.reason);
  });
});

describe('Retry-After', () => {
  it('is waited for', async () => {
    const full = json(429, { error: 'full', code: 429 }, { 'retry-after': '1' });
    const { client } = await scripted([full, json(200, {})]);
    const startedAt = performance.now();
    await client.get('a');
    expect(performance.now() - startedAt).toBeGreaterThan(1000);
  });

  it('of more than a minute is left to the caller', async () => {
    const full = json(429, { error: 'full', code: 429 }, { 'retry-after': '3600' });
    const { client, bodies } = await scripted([full]);
    const error = await client.submit({ endpoint: ENDPOINT }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TooManyRequestsError);
    expect(error).toMatchObject({
      retryAfterSeconds: 3600,
      message: 'The gateway answered 429 full',
    });
    expect(bodies.length).toBe(1);
  });

  it('goes with 503 as well', async () => {
    const busy = json(503, { error: 'busy', code: 503 }, { 'retry-after': '7' });
    const { client } = await scripted([busy], { maxAttempts: 1 });
    const error = await client.get('a').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error).toMatchObject({ retryAfterMs: 7000 });
  });
});

describe('an answer that no gateway gives', () => {
  it.each<[string, Answer]>([
    ['HTML', (response) => response.end('<html></html>')],
    ['an array', (response) => response.end('[]')],
    ['nothing', (response) => response.end()],
    ['a redirect, which is not followed', json(307, {}, { location: 'http://127.0.0.1:9/' })],
    ['401 of a proxy', (response) => response.writeHead(401).end('no')],
  ])('%s is refused as such', async (_what, answer) => {
    const { client } = await scripted([answer], { maxAttempts: 1 });
    const error = await client.get('a').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ name: 'GatewayError' });
    expect((error as Error).message).toMatch(/not as a gateway does/);
  });
});

describe('options', () => {
  const good = { url: 'http://127.0.0.1:1', apiKey: 'jg_secret' };

  it.each<[string, object, RegExp]>([
    ['a url that is none', { url: 'localhost:8080' }, /^url must be/],
    ['a url of another kind', { url: 'ftp://a' }, /^url must be/],
    ['a key with a line break', { apiKey: 'jg_secret\n' }, /^apiKey must be visible ASCII/],
    ['an empty key', { apiKey: '' }, /^apiKey must be/],
    ['no key', { apiKey: undefined }, /^apiKey must be/],
    ['no attempt', { maxAttempts: 0 }, /^maxAttempts must be a whole number from 1/],
    ['half a request', { maxRequests: 0.5 }, /^maxRequests must be/],
    ['streams below none', { maxStreams: -1 }, /^maxStreams must be a whole number from 0/],
  ])('%s is refused, without the key', (_what, options, message) => {
    const create = () => createJobgateClient({ ...good, ...options });
    expect(create).toThrow(message);
    expect(create).not.toThrow('secret');
  });

  it('a timeout that is none is refused', async () => {
    const client = createJobgateClient(good);
    for (const timeout of [-1, Number.NaN]) {
      await expect(client.waitFor('a', { timeout })).rejects.toThrow(/^timeout must be/);
    }
  });
});
