// keys.list: every key, whoever asks, and none of their secrets.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, trpcClient } from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';

let gateway: TestGateway;
let stranger: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  stranger = await createTestKey(gateway.services, 'admin', 'acme');
});

afterAll(() => gateway.close());

describe('200', () => {
  it('has every key and no secret', async () => {
    const { status, text, json } = await post(gateway, 'admin', 'keys/list', {});
    expect(status).toBe(200);
    for (const key of [...Object.values(gateway.keys), stranger]) {
      const [, keyId, secret = ''] = key.split('_');
      expect(json.keys).toContainEqual(expect.objectContaining({ key_id: keyId }));
      expect(text).not.toContain(secret);
    }
    expect(text).not.toMatch(/hash|api_key/);
    expect(await trpcClient(gateway, gateway.keys.admin).keys.list.query()).toEqual(json);
  });

  it('is the same for an admin key of any tenant', async () => {
    const path = '/v1/toolkit/keys/list';
    const { json } = await gateway.request('POST', path, { key: stranger });
    expect(json).toEqual((await post(gateway, 'admin', 'keys/list', {})).json);
  });
});
