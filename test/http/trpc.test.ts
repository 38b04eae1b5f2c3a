// tRPC at /trpc: batches, queries by GET and POST, and errors in its own shape before a procedure.
import { createTRPCClient, httpBatchLink } from '@trpc/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppRouter } from '../../src/index.ts';
import { ENDPOINT, finishJob, refusal, UNKNOWN_ID } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { useGateway } from '../used-gateway.ts';
import { sendBytes } from './sockets.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

function batching(methodOverride?: 'POST') {
  const headers = { 'x-api-key': gateway.keys.submit };
  const link = httpBatchLink({
    url: `${gateway.url}/trpc`,
    headers,
    ...(methodOverride && { methodOverride }),
  });
  return createTRPCClient<AppRouter>({ links: [link] });
}

describe('a batch', () => {
  it('of 100 queries in one URL, each with its own answer', async () => {
    const { job_id } = await finishJob(gateway);
    const client = batching();
    const calls = Array.from({ length: 100 }, (_, i) =>
      client.job.status.query({ job_id: i % 2 ? job_id : UNKNOWN_ID }).then(
        ({ response }) => response.job_status,
        () => 'refused',
      ),
    );
    const answers = await Promise.all(calls);
    expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => (i % 2 ? 'done' : 'refused')));
  });

  it('of 400 by POST', async () => {
    const { job_id } = await finishJob(gateway);
    const client = batching('POST');
    const calls = Array.from({ length: 400 }, () => client.job.status.query({ job_id }));
    expect((await Promise.all(calls)).every(({ code }) => code === 200)).toBe(true);
  });

  it('of many that wait, which is no leak that Node would warn of', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => void warnings.push(warning);
    process.on('warning', warn);
    const client = batching();
    const { job_id } = await client.job.submit.mutate({ endpoint: ENDPOINT });
    const wait = () => client.job.status.query({ job_id, wait_seconds: 1 });
    const answers = await Promise.all(Array.from({ length: 20 }, wait));
    process.off('warning', warn);
    expect(answers.every(({ response }) => response.job_status === 'queued')).toBe(true);
    expect(warnings).toEqual([]);
  });

  it('of mutations', async () => {
    const client = batching();
    const calls = [1, 2, 3].map((n) =>
      client.job.submit.mutate({ endpoint: ENDPOINT, payload: { n } }),
    );
    const ids = (await Promise.all(calls)).map(({ job_id }) => job_id);
    expect(new Set(ids).size).toBe(3);
  });
});

describe('a method that tRPC does not use', () => {
  it.each(['HEAD', 'PUT', 'DELETE', 'OPTIONS'])('405 with Allow for %s', async (method) => {
    const key = gateway.keys.read;
    for (const path of ['job.status', 'job.status,job.get?batch=1', 'job.nope']) {
      const answer = await gateway.request(method, `/trpc/${path}`, { key });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('GET, POST');
      const body = { error: 'Method not allowed: use GET, POST', code: 405 };
      expect(answer.json).toEqual(method === 'HEAD' ? undefined : body);
    }
    expect((await gateway.request(method, '/trpc/job.status')).status).toBe(401);
  });
});

describe('an error before the procedure', () => {
  it.each([
    ['a body that is no JSON', 'POST', 'job.submit', { rawBody: '{' }, 400, 'BAD_REQUEST'],
    ['an input that is no JSON', 'GET', 'job.status?input=%7B', {}, 400, 'BAD_REQUEST'],
    ['a byte order mark', 'GET', 'job.status?input=%EF%BB%BF%7B%7D', {}, 400, 'BAD_REQUEST'],
    [
      'a batch that is none',
      'POST',
      'job.submit,job.submit?batch=1',
      { body: [1] },
      400,
      'BAD_REQUEST',
    ],
    ['an unknown procedure', 'GET', 'job.nope', {}, 404, 'NOT_FOUND'],
    ['an inherited name', 'GET', 'constructor', {}, 404, 'NOT_FOUND'],
    ['a mutation by GET', 'GET', 'job.submit', {}, 405, 'METHOD_NOT_SUPPORTED'],
    ['10 MB', 'POST', 'job.submit', { rawBody: `"${'x'.repeat(1e7)}"` }, 413, 'PAYLOAD_TOO_LARGE'],
  ])('for %s', async (_what, method, path, request, status, code) => {
    const headers: Record<string, string> =
      method === 'POST' ? { 'content-type': 'application/json' } : {};
    const key = gateway.keys.submit;
    const answer = await gateway.request(method, `/trpc/${path}`, { key, headers, ...request });
    const [body] = [answer.json].flat();
    expect({ status: answer.status, data: body.error.data }).toMatchObject({
      status,
      data: { code, httpStatus: status },
    });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.text).not.toMatch(/stack|node_modules|\.ts/);
  });

  it('for a content type that is not JSON', async () => {
    const headers = { 'content-type': 'text/plain' };
    const key = gateway.keys.submit;
    const answer = await gateway.request('POST', '/trpc/job.submit', {
      key,
      headers,
      rawBody: '{}',
    });
    expect(answer).toMatchObject({ status: 415, json: { error: { data: { httpStatus: 415 } } } });
  });

  it.each(['%', '999.999.999.999', 'x:99999'])('for the Host %s', async (host) => {
    const lines = ['GET /trpc/jobs.stats HTTP/1.1', `Host: ${host}`, 'Connection: close'];
    const head = [...lines, `x-api-key: ${gateway.keys.read}`, '', ''].join('\r\n');
    const answer = await sendBytes(gateway.url, head);
    expect(answer?.status).toBe(400);
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({
      error: { message: 'The Host header is not well-formed', data: { httpStatus: 400 } },
    });
  });

  it('is no line in the log where the caller made it', async () => {
    const lines: string[] = [];
    const logger = { level: 'error', stream: { write: (line: string) => void lines.push(line) } };
    const logging = await useGateway({ logger });
    const key = logging.keys.submit;
    for (const path of ['job.submit', 'job.nope', 'job.status?input=%7B', 'job.status?batch=1']) {
      const { status } = await logging.request('GET', `/trpc/${path}`, { key });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
    expect(lines).toEqual([]);
  });

  it('tells no stack, and what Retry-After would say', async () => {
    const client = batching();
    const told = await refusal(client.job.status.query({ job_id: 'x' }));
    expect(Object.keys(told).toSorted()).toEqual([
      'code',
      'httpStatus',
      'issues',
      'message',
      'reason',
    ]);
  });
});
