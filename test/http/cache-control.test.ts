// Cache-Control: on every kind of path and every kind of answer, errors and tRPC included.
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDPOINT, finishJob, UNKNOWN_ID } from '../clients.ts';
import { startTestGateway, type TestGateway, type TestRequest } from '../gateway.ts';

let gateway: TestGateway;
let jobId: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  jobId = (await finishJob(gateway)).job_id;
});

afterAll(() => gateway.close());

const TOOLKIT = '/v1/toolkit';

function send(method: string, path: string, request: TestRequest = {}) {
  const key = gateway.keys.admin;
  return gateway.request(method, path.replace('JOB', jobId), { key, ...request });
}

function inQuery(input: object): string {
  return `input=${encodeURIComponent(JSON.stringify(input))}`;
}

describe('no-store', () => {
  it.each<[number, string, string, TestRequest]>([
    [200, 'POST', `${TOOLKIT}/jobs/status`, { body: {} }],
    [200, 'POST', `${TOOLKIT}/jobs/list`, { body: {} }],
    [200, 'GET', `${TOOLKIT}/authenticate`, {}],
    [200, 'HEAD', `${TOOLKIT}/authenticate`, {}],
    [200, 'POST', `${TOOLKIT}/keys/create`, { body: { name: 'x', scopes: ['read'] } }],
    [202, 'POST', `${TOOLKIT}/job/submit`, { body: { endpoint: ENDPOINT } }],
    [200, 'GET', '/healthz', {}],
    [200, 'GET', '/readyz', {}],
    [400, 'POST', `${TOOLKIT}/job/get`, { body: {} }],
    [400, 'GET', `${TOOLKIT}/job/get`, {}],
    [401, 'GET', `${TOOLKIT}/job/get?job_id=JOB`, { key: undefined }],
    [404, 'GET', `${TOOLKIT}/job/get?job_id=${UNKNOWN_ID}`, {}],
    [404, 'GET', '/nowhere', {}],
    [404, 'GET', '/docs/nowhere', {}],
    [405, 'PUT', `${TOOLKIT}/job/get`, {}],
    [405, 'POST', '/openapi.json', {}],
    [405, 'DELETE', '/trpc/job.get', {}],
    [413, 'POST', `${TOOLKIT}/job/get`, { rawBody: 'x'.repeat(2e6), headers: JSON_TYPE() }],
    [415, 'POST', `${TOOLKIT}/job/get`, { rawBody: 'x' }],
    [400, 'GET', '/%', {}],
    [200, 'GET', `/trpc/jobs.list?${inQuery({})}`, {}],
    [200, 'POST', '/trpc/job.submit', { body: { endpoint: ENDPOINT } }],
    [200, 'POST', '/trpc/job.submit?batch=1', { body: { 0: { endpoint: ENDPOINT } } }],
    [404, 'GET', `/trpc/job.get?${inQuery({ job_id: UNKNOWN_ID })}`, {}],
    [404, 'GET', '/trpc/nowhere', {}],
    [400, 'POST', '/trpc/job.submit', { rawBody: '{', headers: JSON_TYPE() }],
  ])('%i %s %s', async (status, method, path, request) => {
    const answer = await send(method, path, request);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('etag')).toBeNull();
  });

  it.each(['POST', 'tRPC'])('of the job itself by %s, which has no tag', async (how) => {
    const body = { job_id: jobId };
    const headers = { 'if-none-match': '*' };
    const answer =
      how === 'POST'
        ? await send('POST', `${TOOLKIT}/job/get`, { body, headers })
        : await send('GET', `/trpc/job.get?${inQuery(body)}`, { headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('etag')).toBeNull();
  });

  it.each([
    ['what is no HTTP', 'nonsense\r\n\r\n', '400'],
    ['a CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', '405'],
    [
      'an Expect',
      'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: x\r\nConnection: close\r\n\r\n',
      '417',
    ],
    ['no Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', '400'],
  ])('of %s', async (_what, request, status) => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(request);
    const [head = ''] = (await text(socket)).split('\r\n\r\n');
    expect(head).toContain(` ${status} `);
    expect(head.toLowerCase()).toContain('\r\ncache-control: no-store');
  });
});

function JSON_TYPE(): Record<string, string> {
  return { 'content-type': 'application/json' };
}

describe('private, no-cache', () => {
  it.each(['GET', 'HEAD'])('of a job by %s, also when it is known', async (method) => {
    const path = `${TOOLKIT}/job/get?job_id=JOB`;
    const answer = await send(method, path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    const known = await send(method, path, { headers: { 'if-none-match': '*' } });
    expect({ status: known.status, text: known.text }).toEqual({ status: 304, text: '' });
    expect(known.headers.get('cache-control')).toBe('private, no-cache');
  });
});

describe('no-cache', () => {
  it.each(['/openapi.json', '/docs', '/docs/', '/docs/js/scalar.js'])(
    'of %s, with a tag that spares it the next time',
    async (path) => {
      const first = await send('GET', path, { key: undefined });
      expect(first.status).toBe(200);
      expect(first.headers.get('cache-control')).toBe('no-cache');
      const tag = first.headers.get('etag') ?? '';
      expect(tag).toMatch(/^"[\w-]{43}"$/);
      for (const method of ['GET', 'HEAD']) {
        const headers = { 'if-none-match': `"x", W/${tag}` };
        const again = await send(method, path, { key: undefined, headers });
        expect({ status: again.status, text: again.text }).toEqual({ status: 304, text: '' });
        expect(again.headers.get('etag')).toBe(tag);
        expect(again.headers.get('cache-control')).toBe('no-cache');
      }
      const other = await send('GET', path, { headers: { 'if-none-match': '"x"' } });
      expect(other.text).toBe(first.text);
    },
  );

  it('of a stream, which must not be changed on its way either', async () => {
    const path = `${gateway.url}${TOOLKIT}/job/events?job_id=${jobId}`;
    const headers = { 'x-api-key': gateway.keys.read };
    const stream = await fetch(path, { headers });
    expect(stream.headers.get('cache-control')).toBe('no-cache, no-transform');
    await stream.text();
    const over = await fetch(path, { headers: { ...headers, 'last-event-id': '999999' } });
    expect({ status: over.status, kept: over.headers.get('cache-control') }).toEqual({
      status: 204,
      kept: 'no-store',
    });
  });
});
