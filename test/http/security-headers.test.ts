// Security headers: on every kind of answer, whatever comes past the hooks.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SECURITY_HEADERS } from '../../src/http/security-headers.ts';
import { submitJob } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { sendBytes } from './sockets.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ trustProxy: ['127.0.0.1'] });
});

afterAll(() => gateway.close());

/** Those of ours that are missing, and those that tell what answers. */
function faultsIn(headers: Record<string, string>, own: Record<string, string> = {}) {
  const expected = { ...SECURITY_HEADERS, ...own };
  return [
    ...Object.entries(expected).filter(([name, value]) => headers[name] !== value),
    ...['server', 'x-powered-by'].filter((name) => name in headers),
  ];
}

it.each([
  ['GET', '/healthz', 200],
  ['POST', '/v1/toolkit/job/status', 401],
  ['PUT', '/v1/toolkit/job/status', 401],
  ['GET', '/nowhere', 404],
  ['POST', '/trpc/job.status', 401],
  ['GET', '/openapi.json', 200],
  ['GET', '/%', 400],
])('%s %s', async (method, path, status) => {
  const answer = await gateway.request(method, path);
  expect(answer.status).toBe(status);
  expect(faultsIn(Object.fromEntries(answer.headers))).toEqual([]);
});

it.each([
  ['garbage', 400],
  ['CONNECT x:1 HTTP/1.1\r\nHost: x', 405],
  ['GET / HTTP/1.1\r\nHost: x\r\nExpect: the-best', 417],
])('the socket of %s', async (text, status) => {
  const answer = await sendBytes(gateway.url, `${text}\r\n\r\n`);
  expect(answer?.status).toBe(status);
  expect(faultsIn(answer?.headers ?? {})).toEqual([]);
});

it('calls over tRPC, done and failed', async () => {
  const key = gateway.keys.read;
  for (const path of ['/trpc/jobs.stats', '/trpc/job.get', '/trpc/no.such']) {
    const { headers } = await gateway.request('GET', path, { key });
    expect(faultsIn(Object.fromEntries(headers))).toEqual([]);
  }
});

it('event streams, over both transports', async () => {
  const job = await submitJob(gateway);
  const input = encodeURIComponent(JSON.stringify({ job_id: job }));
  for (const path of [`/v1/toolkit/job/events?job_id=${job}`, `/trpc/job.watch?input=${input}`]) {
    const abort = new AbortController();
    const headers = { 'x-api-key': gateway.keys.read, accept: 'text/event-stream' };
    const answer = await fetch(gateway.url + path, { headers, signal: abort.signal });
    abort.abort();
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect(faultsIn(Object.fromEntries(answer.headers))).toEqual([]);
  }
});

it('the API page, which has a policy of its own', async () => {
  const { headers } = await gateway.request('GET', '/docs/');
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'; script-src 'self'");
  expect(faultsIn(Object.fromEntries(headers), { 'content-security-policy': policy })).toEqual([]);
});

it('Strict-Transport-Security only where a trusted proxy says that it was TLS', async () => {
  const name = 'strict-transport-security';
  const plain = await gateway.request('GET', '/healthz');
  expect(plain.headers.get(name)).toBeNull();
  const headers = { 'x-forwarded-proto': 'https' };
  const behind = await gateway.request('GET', '/healthz', { headers });
  expect(behind.headers.get(name)).toBe('max-age=31536000');
});
