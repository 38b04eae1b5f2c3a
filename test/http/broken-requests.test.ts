// Requests that are broken before Fastify sees them, over real sockets.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { submitJob } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { expectRaw, sendBytes } from './sockets.ts';

const PATH = '/v1/toolkit/job/status';
const NOT_HTTP = 'The request is not well-formed HTTP';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const send = (text: string, options?: { end: boolean }) => sendBytes(gateway.url, text, options);

const head = (...lines: string[]) => `POST ${PATH} HTTP/1.1\r\n${[...lines, '', ''].join('\r\n')}`;

describe('400', () => {
  it.each([
    ['garbage', 'garbage\r\n\r\n'],
    ['binary', '\u0000\u0001\u0002\u0003\r\n\r\n'],
    ['the start of TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n'],
    ['an unknown method', 'FETCH / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an unknown version', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['a header without a name', head('Host: x', ': y')],
    ['a header with a line feed', head('Host: x', 'a\nb: c')],
    ['two lengths', head('Host: x', 'Content-Length: 1', 'Content-Length: 2')],
    ['a length that is no number', head('Host: x', 'Content-Length: many')],
    ['length and chunks', head('Host: x', 'Content-Length: 1', 'Transfer-Encoding: chunked')],
  ])('for %s', async (_what, text) => {
    expectRaw(await send(text), 400, NOT_HTTP);
  });

  it('for a chunk that is none', async () => {
    const chunks = head('Host: x', `x-api-key: ${gateway.keys.read}`, 'Transfer-Encoding: chunked');
    const typed = chunks.replace('Host', 'Content-Type: application/json\r\nHost');
    expectRaw(await send(`${typed}zz\r\n{}\r\n`), 400, NOT_HTTP);
  });

  it('for a request that ends half way', async () => {
    expectRaw(await send('POST /v1/tool', { end: true }), 400, NOT_HTTP);
  });

  it('without Host, over HTTP/1.1 only', async () => {
    const close = 'Connection: close';
    expectRaw(await send(head(close)), 400, 'The Host header is missing');
    const trpc = head(close).replace(PATH, '/trpc/job.status');
    expect(await send(trpc)).toMatchObject({ status: 400, body: expect.stringContaining('Host') });
    expectRaw(await send(head().replace('HTTP/1.1', 'HTTP/1.0')), 401, 'Unauthorized');
  });

  it.each(['HTTP/2.0', 'HTTP/0.9'])('for %s', async (version) => {
    const answer = await send(`GET /healthz ${version}\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expectRaw(answer, 400, 'Only HTTP/1.1 and HTTP/1.0 are spoken here');
  });

  it('for a fragment', async () => {
    const answer = await send('GET /healthz#x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expectRaw(answer, 400, 'The URL is not well-formed');
  });

  it.each(['/%', '/%zz', '/v1/%e0%a4%a', '/%ff'])('for the path %s', async (path) => {
    const answer = await send(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expectRaw(answer, 400, 'The URL is not well-formed');
  });
});

describe('nothing', () => {
  it('stored or broken by a body that never ends', async () => {
    const begin = head(
      'Host: x',
      `x-api-key: ${gateway.keys.submit}`,
      'Content-Type: application/json',
      'Content-Length: 1000',
    ).replace(PATH, '/v1/toolkit/job/submit');
    const answer = await send(`${begin}{"endpoint":"/cut",`, { end: true });
    if (answer) expectRaw(answer, 400, /./);
    const counts = await gateway.services.store.countByStatus('default');
    expect(counts.filter(({ endpoint }) => endpoint === '/cut')).toEqual([]);
    await submitJob(gateway);
  });
});

describe('405', () => {
  it.each(['example.com:443', PATH])('for CONNECT %s', async (target) => {
    const answer = await send(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expectRaw(answer, 405, 'Method not allowed: use GET, HEAD, POST');
    expect(answer?.headers.allow).toBe('GET, HEAD, POST');
  });
});

describe('a client that never closes its side', () => {
  it.each([
    ['garbage', 'garbage\r\n\r\n'],
    ['a CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('does not hold up a stop after %s', async (_what, bytes) => {
    const own = await startTestGateway();
    const port = Number(new URL(own.url).port);
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {});
    socket.resume().write(bytes);
    await once(socket, 'end');
    const begun = performance.now();
    await own.close();
    // Otherwise it takes all of the grace that a request under way has.
    expect(performance.now() - begun).toBeLessThan(4000);
  });
});

describe('408', () => {
  it('for headers that do not arrive in time', async () => {
    expectRaw(
      await send('GET / HTTP/1.1\r\nHost: x\r\n'),
      408,
      'The request took too long to arrive',
    );
  });
});

describe('417', () => {
  it('for an Expect that is not 100-continue', async () => {
    const answer = await send(head('Host: x', 'Expect: the-best', 'Content-Length: 0'));
    expectRaw(answer, 417, 'The only Expect that is met is 100-continue');
  });

  it('not for 100-continue', async () => {
    const answer = await send(
      head('Host: x', 'Expect: 100-continue', 'Connection: close', 'Content-Length: 0'),
    );
    expect(answer?.status).toBe(100);
    expect(answer?.body).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe('431', () => {
  it.each([
    ['one header', [`x-big: ${'x'.repeat(100_000)}`]],
    ['many headers', Array.from({ length: 2000 }, (_, i) => `x-${i}: ${'x'.repeat(20)}`)],
    ['the key', [`x-api-key: ${'x'.repeat(20_000)}`]],
  ])('for %s too large', async (_what, lines) => {
    expectRaw(await send(head('Host: x', ...lines)), 431, 'The headers are too large');
  });
});

it('what follows a stream that is being answered ends it, without an answer in its midst', async () => {
  const jobId = await submitJob(gateway);
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const path = `/v1/toolkit/job/events?job_id=${jobId}`;
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nx-api-key: ${gateway.keys.read}\r\n\r\n`);
  let told = '';
  socket.on('data', (chunk: Buffer) => (told += chunk.toString()));
  await expect.poll(() => told).toContain('"queued"');
  const closed = once(socket, 'close');
  socket.write('garbage\r\n\r\n');
  await closed;
  expect(told).toMatch(/^HTTP\/1\.1 200 /);
  expect(told).not.toContain('400');
});
