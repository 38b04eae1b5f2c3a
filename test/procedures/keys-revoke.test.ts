// keys.revoke: a revoked key opens nothing, from the next request on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAnswer, post, refusal, trpcClient } from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';

const PATH = '/v1/toolkit/keys/revoke';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const idOf = (key: string) => key.split('_')[1] ?? '';

async function expectGood(key: string, isGood: boolean): Promise<void> {
  const { status } = await gateway.request('GET', '/v1/toolkit/authenticate', { key });
  expect(status).toBe(isGood ? 200 : 401);
}

describe('200', () => {
  it('at once, and keeps the first time when asked again', async () => {
    const key = await createTestKey(gateway.services, 'read');
    await expectGood(key, true);
    const first = await post(gateway, 'admin', 'keys/revoke', { key_id: idOf(key) });
    expect(first).toMatchObject({ status: 200, json: { revoked_at: expect.any(Number) } });
    await expectGood(key, false);
    const { mutate } = trpcClient(gateway, gateway.keys.admin).keys.revoke;
    expect(await mutate({ key_id: idOf(key) })).toEqual(first.json);
  });
});

describe('200, of another tenant', () => {
  it('too', async () => {
    const key = await createTestKey(gateway.services, 'admin', 'acme');
    const other = await createTestKey(gateway.services, 'read', 'umbrella');
    const { status } = await gateway.request('POST', PATH, { key, body: { key_id: idOf(other) } });
    expect(status).toBe(200);
    await expectGood(other, false);
  });
});

describe('404', () => {
  const NOT_FOUND = { error: 'Key not found', code: 404 };

  it('for a key that is not there', async () => {
    const unknown = { key_id: 'none' };
    expectAnswer(await post(gateway, 'admin', 'keys/revoke', unknown), 404, NOT_FOUND);
    const { mutate } = trpcClient(gateway, gateway.keys.admin).keys.revoke;
    const over = await refusal(mutate(unknown));
    expect(over).toMatchObject({ message: 'Key not found', httpStatus: 404, reason: 'not_found' });
  });
});
