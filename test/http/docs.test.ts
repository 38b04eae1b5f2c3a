// The API page: it loads from this server only, and shows the document that is served.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
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
});
