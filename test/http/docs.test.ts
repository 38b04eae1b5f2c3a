// The API page: it loads from this server only, and shows the document that is served.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { sendBytes } from './sockets.ts';

const ORIGIN = 'https://pages.example';
const PATHS = ['/docs', '/docs/', '/docs/js/scalar.js'];

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ trustProxy: ['127.0.0.1'], corsOrigins: [ORIGIN] });
});

afterAll(() => gateway.close());

describe('GET /docs', () => {
  it.each(['/docs', '/docs/'])(
    '%s is a page that may load from its own server only',
    async (path) => {
      const { status, headers, text } = await gateway.request('GET', path);
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("connect-src 'self'");
      expect(policy).not.toMatch(/https?:|\*/);
      expect(text).toContain('<title>Jobgate API</title>');
      expect(text).not.toMatch(/(src|href|url)\s*[=:]\s*["']?(https?:)?\/\//);
    },
  );

  it('loads what is there: the script and the document', async () => {
    const { text } = await gateway.request('GET', '/docs/');
    const script = /<script src="([^"]+)"/.exec(text)?.[1];
    const url = /"url": "([^"]+)"/.exec(text)?.[1];
    const base = new URL('/docs/', gateway.url);
    const loaded = await fetch(new URL(script ?? '', base));
    expect(loaded.headers.get('content-type')).toMatch(/javascript/);
    await loaded.text();
    const served = await gateway.request('GET', '/openapi.json');
    expect(served.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const shown = await gateway.request('GET', new URL(url ?? '', base).pathname);
    expect(shown.json).toEqual(served.json);
  });

  it.each([
    ['a Host that is none', ' HTTP/1.1\r\nHost: %'],
    ['an address that is none', ' HTTP/1.1\r\nHost: 999.999.999.999'],
    ['no Host', ' HTTP/1.0'],
  ])('asks nothing of the Host: %s', async (_what, rest) => {
    const statuses = PATHS.map(async (path) => {
      const head = `GET ${path}${rest}\r\nConnection: close\r\n\r\n`;
      return (await sendBytes(gateway.url, head))?.status;
    });
    expect(await Promise.all(statuses)).toEqual([301, 200, 200]);
  });

  it.each(PATHS)('%s has the headers of every answer', async (path) => {
    const headers = { 'x-forwarded-proto': 'https', origin: ORIGIN, 'x-request-id': 'mine' };
    const answer = await fetch(gateway.url + path, { headers, redirect: 'manual' });
    await answer.text();
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'strict-transport-security': 'max-age=31536000',
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': expect.stringContaining('X-Request-Id'),
      vary: expect.stringContaining('Origin'),
      'x-request-id': 'mine',
    });
  });

  it('is found without its slash too', async () => {
    const answer = await fetch(`${gateway.url}/docs?a=b`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([301, '/docs/']);
  });

  it.each(['/docs/', '/docs/js/scalar.js', '/openapi.json'])(
    '%s is sent compressed to whom it takes only',
    async (path) => {
      const plain = await gateway.request('GET', path, {
        headers: { 'accept-encoding': 'identity' },
      });
      expect(plain.headers.get('content-encoding')).toBeNull();
      const { headers, text } = await gateway.request('GET', path, {
        headers: { 'accept-encoding': 'gzip' },
      });
      expect(headers.get('content-encoding')).toBe('gzip');
      expect(headers.get('vary')).toBe('Origin, Accept-Encoding');
      expect(Number(headers.get('content-length'))).toBeLessThan(plain.text.length);
      expect(text).toBe(plain.text);
    },
  );
});
