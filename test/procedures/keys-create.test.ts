// keys.create: a key that opens what it was made for, shown once.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, refusal, trpcClient } from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';

const PATH = '/v1/toolkit/keys/create';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const create = (body: object) => post(gateway, 'admin', 'keys/create', body);

describe('200', () => {
  it('opens what its scopes say, and is stored as a hash only', async () => {
    const { status, json } = await create({ name: 'n8n', scopes: ['read', 'read', 'work'] });
    expect(status).toBe(200);
    expect(json).toMatchObject({ name: 'n8n', tenant: 'default', scopes: ['read', 'work'] });
    expect(json).toMatchObject({ expires_at: null, revoked_at: null });
    const authenticated = await gateway.request('GET', '/v1/toolkit/authenticate', {
      key: json.api_key,
    });
    expect(authenticated.status).toBe(200);
    const secret = json.api_key.split('_')[2];
    for (const file of ['', '-wal']) {
      expect(readFileSync(gateway.databasePath + file).includes(secret)).toBe(false);
    }
  });

  it('has the defaults of a caller who may submit', async () => {
    const { json } = await create({});
    expect(json).toMatchObject({ name: '', scopes: ['submit'], tenant: 'default' });
  });

  it('stops at its time', async () => {
    const { json } = await create({ expires_at: 1 });
    const { status } = await gateway.request('GET', '/v1/toolkit/authenticate', {
      key: json.api_key,
    });
    expect(status).toBe(401);
  });

  it('over tRPC', async () => {
    const { mutate } = trpcClient(gateway, gateway.keys.admin).keys.create;
    const made = await mutate({ scopes: ['read'], tenant: 'acme' });
    expect(made).toMatchObject({ tenant: 'acme', scopes: ['read'] });
    const { status } = await gateway.request('GET', '/v1/toolkit/authenticate', {
      key: made.api_key,
    });
    expect(status).toBe(200);
  });
});

describe('200, the tenant', () => {
  it('is any, and by default the own', async () => {
    const key = await createTestKey(gateway.services, 'admin', 'acme');
    const own = await gateway.request('POST', PATH, { key, body: {} });
    expect(own.json.tenant).toBe('acme');
    const other = await gateway.request('POST', PATH, { key, body: { tenant: 'umbrella' } });
    expect(other).toMatchObject({ status: 200, json: { tenant: 'umbrella' } });
  });
});

describe('400', () => {
  it.each([
    ['name', 1],
    ['name', 'a\0b'],
    ['scopes', []],
    ['scopes.0', ['root']],
    ['tenant', 'A b'],
    ['tenant', ''],
    ['expires_at', '2030-01-01'],
  ])('where %s is %j', async (path, value) => {
    const [field = ''] = path.split('.');
    const { status, json } = await create({ [field]: value });
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path });
    const { mutate } = trpcClient(gateway, gateway.keys.admin).keys.create;
    const over = await refusal(mutate({ [field]: value }));
    expect(over).toMatchObject({ httpStatus: 400, issues: json.issues });
  });
});
