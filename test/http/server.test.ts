// The server: unknown paths and methods, URLs too long, requests that come too late.
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectAnswer } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';

async function newGateway(): Promise<TestGateway> {
  const gateway = await startTestGateway();
  onTestFinished(() => gateway.close());
  return gateway;
}

describe('404', () => {
  const NOT_FOUND = { error: 'Not found', code: 404 };

  it('for any method and path that is not there, with and without a key or a body', async () => {
    const gateway = await newGateway();
    const paths = [
      '//',
      '/v1',
      '/assets',
      '/assets/nope.js',
      '/v1/toolkit',
      '/trpc',
      '/.env',
      '/v1/toolkit/job/status%2f',
    ];
    for (const path of [...paths, '/constructor', '/v1/toolkit/job%2fstatus', '/docs/nope']) {
      expectAnswer(await gateway.request('GET', path), 404, NOT_FOUND);
      const key = gateway.keys.admin;
      expectAnswer(await gateway.request('POST', path, { key, body: {} }), 404, NOT_FOUND);
      const rawBody = 'x'.repeat(10_000_000);
      expectAnswer(await gateway.request('DELETE', path, { rawBody }), 404, NOT_FOUND);
    }
  });
});

describe('405', () => {
  it('for the paths that need no key, without one', async () => {
    const gateway = await newGateway();
    for (const path of ['/', '/jobs', '/favicon.svg', '/openapi.json', '/docs', '/docs/']) {
      const answer = await gateway.request('POST', path);
      expectAnswer(answer, 405, { error: 'Method not allowed: use GET, HEAD', code: 405 });
      expect(answer.headers.get('allow')).toBe('GET, HEAD');
    }
  });
});

describe('414', () => {
  it('for a URL of more than 12,000 characters, not for a shorter one', async () => {
    const gateway = await newGateway();
    const path = '/v1/toolkit/job/status?x=';
    const long = await gateway.request('POST', path + 'y'.repeat(12_000));
    expectAnswer(long, 414, { error: 'The URL is too long', code: 414 });
    const shorter = await gateway.request('POST', path + 'y'.repeat(11_900));
    expect(shorter.status).toBe(401);
  });
});

describe('503', () => {
  it('with Retry-After for a request that was under way when the gateway began to stop', async () => {
    const [head, body] = (await askWhileStopping('POST /v1/toolkit/job/status')).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 503 .*\r\nretry-after: 5\r\n/s);
    expect(head).toContain('content-type: application/json; charset=utf-8');
    expect(body).toBe('{"error":"The gateway is stopping: try again in a moment","code":503}');
  });

  it.each(['/v1/toolkit/job/events', '/trpc/jobs.watch'])(
    'no answer to an EventSource at %s, which would never come back',
    async (path) => {
      expect(await askWhileStopping(`GET ${path}`, 'Accept: text/event-stream\r\n')).toBe('');
    },
  );
});

/** What comes back on a request that was half sent when the gateway began to stop. */
async function askWhileStopping(request: string, headers = ''): Promise<string> {
  const gateway = await startTestGateway();
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`${request} HTTP/1.1\r\nHost: x\r\n`);
  // Answered only after the half request above has arrived.
  await gateway.request('GET', '/openapi.json');
  const closed = gateway.close();
  await expect.poll(() => isRefused(gateway.url), { interval: 5 }).toBe(true);
  const answered = text(socket);
  socket.write(`${headers}Connection: close\r\n\r\n`);
  const answer = await answered;
  await closed;
  return answer;
}

/** Whether nobody listens there any more. */
async function isRefused(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}
