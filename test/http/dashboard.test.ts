// The dashboard over HTTP: its paths and files, what may be kept of them, and the policy they are under.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildServer } from '../../src/http/server.ts';
import { Tallies } from '../../src/http/tallies.ts';
import { temporaryFolder } from '../cli/child.ts';
import { expectAnswer, UNKNOWN_ID } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { useGateway } from '../used-gateway.ts';

const PAGES = ['/', '/jobs', `/jobs/${UNKNOWN_ID}`, '/try', '/keys', '/audit'];

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];

const NOT_FOUND = { error: 'Not found', code: 404 };

const IDENTITY = { 'accept-encoding': 'identity' };

let gateway: TestGateway;
/** The files that the page names. */
let assets: string[];

beforeAll(async () => {
  gateway = await startTestGateway();
  const { text } = await get('/');
  assets = [...text.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
});

afterAll(() => gateway.close());

const get = (path: string, headers: Record<string, string> = IDENTITY) =>
  gateway.request('GET', path, { headers });

const taggedBy = (headers: Headers) => headers.get('etag') ?? 'none';

describe('200', () => {
  it.each(PAGES)('%s is the page, which may load from its own server only', async (path) => {
    const { status, headers, text } = await get(path);
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers.get('content-security-policy')?.split('; ')).toEqual(POLICY);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-cache');
    expect(headers.get('vary')).toBe('Accept-Encoding');
    expect(text).toContain('<title>Jobgate</title>');
  });

  it('each file that the page names, to be kept for good', async () => {
    const types = new Set<string>();
    for (const path of assets) {
      const { status, headers, text } = await get(path);
      expect([status, text.length > 100]).toEqual([200, true]);
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      types.add(headers.get('content-type') ?? '');
    }
    const known = ['text/css; charset=utf-8', 'text/javascript; charset=utf-8'];
    expect([...types].toSorted((a, b) => a.localeCompare(b))).toEqual(known);
  });

  it('the icon, to be asked for again', async () => {
    const { status, headers } = await get('/favicon.svg');
    expect([status, headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
    expect(headers.get('cache-control')).toBe('no-cache');
  });

  it('HEAD says the same, without the body', async () => {
    for (const path of [...PAGES, ...assets, '/favicon.svg']) {
      const asked = await get(path);
      const head = await gateway.request('HEAD', path, { headers: IDENTITY });
      expect([head.status, head.text]).toEqual([200, '']);
      for (const name of ['content-type', 'content-length', 'etag', 'cache-control']) {
        expect(head.headers.get(name)).toBe(asked.headers.get(name));
      }
    }
  });

  it('compressed for whom it takes only', async () => {
    for (const path of ['/', ...assets]) {
      const plain = await get(path);
      expect(plain.headers.get('content-encoding')).toBeNull();
      for (const accepted of ['gzip', 'deflate, gzip, br', 'gzip;q=0.5', 'br, gzip ; q=1']) {
        const { headers, text } = await get(path, { 'accept-encoding': accepted });
        expect(headers.get('content-encoding')).toBe('gzip');
        expect(Number(headers.get('content-length'))).toBeLessThan(plain.text.length);
        expect(text).toBe(plain.text);
      }
      for (const refused of ['br', 'gzip;q=0', 'gzip; q=0.000, br', 'x-gzip-not', '']) {
        const { headers } = await get(path, { 'accept-encoding': refused });
        expect(headers.get('content-encoding')).toBeNull();
      }
    }
  });
});

describe('304', () => {
  it.each(['/', '/jobs', '/favicon.svg'])('%s for whom it has', async (path) => {
    const tag = taggedBy((await get(path)).headers);
    const again = await get(path, { 'if-none-match': `"other", W/${tag}` });
    expect([again.status, again.text]).toEqual([304, '']);
    expect(taggedBy(again.headers)).toBe(tag);
    expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);
  });
});

describe('404', () => {
  it('in JSON, for a file that is not there', async () => {
    const paths = ['/assets/none.js', '/assets/', '/assets/..%2findex.html', '/index.html'];
    for (const path of [...paths, '/nowhere', '/jobs/a/b', '/assets/..%2f..%2f..%2fpackage.json']) {
      expectAnswer(await get(path), 404, NOT_FOUND);
    }
  });

  it('for all of it with DASHBOARD=off', async () => {
    const without = await useGateway({ dashboard: false });
    for (const path of [...PAGES, ...assets, '/favicon.svg']) {
      expectAnswer(await without.request('GET', path), 404, NOT_FOUND);
    }
  });

  it('that says to build it where it is not built, and no more once it is', async () => {
    const dashboardFolder = temporaryFolder();
    const options = { logger: false, tallies: new Tallies(), dashboardFolder };
    const server = await buildServer(gateway.services, options);
    onTestFinished(() => server.close());
    const url = await server.listen({ host: '127.0.0.1', port: 0 });
    const answer = await fetch(url);
    expect([answer.status, await answer.json()]).toEqual([
      404,
      { error: 'The dashboard is not built: run npm run build', code: 404 },
    ]);
    await writeFile(join(dashboardFolder, 'index.html'), 'built');
    expect(await (await fetch(url)).text()).toBe('built');
  });
});

describe('405', () => {
  it.each(['/', '/jobs', '/try', '/favicon.svg'])('for a POST to %s', async (path) => {
    const answer = await gateway.request('POST', path, { body: {} });
    expectAnswer(answer, 405, { error: 'Method not allowed: use GET, HEAD', code: 405 });
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });
});
