// keys.current: every key is told of itself, and of no other.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey } from '../../src/auth/api-keys.ts';
import { expectAnswer, post, refusal, trpcClient } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';

const PATH = '/v1/toolkit/keys/current';
const ENV_KEY = 'given-from-outside';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ apiKey: ENV_KEY });
});

afterAll(() => gateway.close());

const current = (key: string | undefined, body?: unknown) =>
  gateway.request('POST', PATH, { key, body });

describe('200', () => {
  it.each(['read', 'submit', 'work', 'admin'] as const)('with a key of %s', async (scope) => {
    const key = gateway.keys[scope];
    const expected = {
      key_id: key.split('_')[1],
      name: `test ${scope}`,
      tenant: 'default',
      scopes: [scope],
      created_at: expect.any(Number),
      expires_at: null,
    };
    expectAnswer(await post(gateway, scope, 'keys/current', {}), 200, expected);
    expect(await trpcClient(gateway, key).keys.current.query()).toEqual(expected);
  });

  it('has its own name, tenant, scopes and end, and no secret', async () => {
    const { store, clock } = gateway.services;
    const wanted = {
      name: 'Zoë’s 🔑',
      tenant: 'acme',
      scopes: ['submit' as const, 'work' as const],
    };
    const expiresAt = clock.now() + 60_000;
    const { apiKey, key } = await createApiKey(store, clock, { ...wanted, expiresAt });
    const answer = await current(apiKey);
    expectAnswer(answer, 200, {
      key_id: key.keyId,
      ...wanted,
      created_at: key.createdAt,
      expires_at: expiresAt,
    });
    expect(answer.text).not.toContain(apiKey.split('_')[2]);
    expect(answer.text).not.toContain(key.secretHash.toString('hex'));
  });

  it('with the key given from outside', async () => {
    const expected = {
      key_id: 'env',
      name: 'API_KEY',
      tenant: 'default',
      scopes: ['admin'],
      created_at: null,
      expires_at: null,
    };
    expectAnswer(await current(ENV_KEY), 200, expected);
    expect(await trpcClient(gateway, ENV_KEY).keys.current.query()).toEqual(expected);
  });

  it('tells the end that a rotation gave it', async () => {
    const { json } = await post(gateway, 'admin', 'keys/create', { name: 'old' });
    const rotate = { key_id: json.key_id, overlap_seconds: 60 };
    await post(gateway, 'admin', 'keys/rotate', rotate);
    const { created_at, expires_at } = (await current(json.api_key)).json;
    expect(created_at).toBe(json.created_at);
    expect(expires_at).toBeGreaterThanOrEqual(created_at + 60_000);
  });
});

describe('400', () => {
  it('for another key, which it does not take', async () => {
    const body = { key_id: gateway.keys.admin.split('_')[1] };
    const issues = [{ path: 'key_id', message: 'Unknown property' }];
    const error = 'Invalid payload: key_id: Unknown property';
    expectAnswer(await current(gateway.keys.read, body), 400, { error, code: 400, issues });
    const call = trpcClient(gateway, gateway.keys.read).keys.current.query(body as never);
    expect(await refusal(call)).toMatchObject({ httpStatus: 400, issues });
  });
});

describe('401', () => {
  it('once it is revoked, and with none', async () => {
    const { json } = await post(gateway, 'admin', 'keys/create', { name: 'gone' });
    await post(gateway, 'admin', 'keys/revoke', { key_id: json.key_id });
    const body = { error: 'Unauthorized', code: 401 };
    expectAnswer(await current(json.api_key), 401, body);
    expectAnswer(await current(undefined), 401, body);
    const call = trpcClient(gateway, json.api_key).keys.current.query();
    expect(await refusal(call)).toMatchObject({ httpStatus: 401 });
  });
});
