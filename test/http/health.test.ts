// The health paths: open, in our words, and nothing of the inside; a full disk is in full-disk.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAnswer } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

describe.each([
  ['/healthz', { status: 'alive' }],
  ['/readyz', { status: 'ready' }],
])('GET %s', (path, body) => {
  it('answers 200 without a key, and to a bad one the same', async () => {
    expectAnswer(await gateway.request('GET', path), 200, body);
    expectAnswer(await gateway.request('GET', path, { key: 'not a key' }), 200, body);
    expect((await gateway.request('HEAD', path)).status).toBe(200);
  });

  it('answers 405 to other methods', async () => {
    const answer = await gateway.request('POST', path, { body: {} });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });
});
