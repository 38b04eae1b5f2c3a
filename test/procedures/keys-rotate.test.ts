// keys.rotate: a new key in the place of an old one, and for a while both are good.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAST_DATE } from '../../src/contract/fields.ts';
import { expectAnswer, post, refusal, trpcClient } from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';

const DAY = 24 * 60 * 60;

const clock = new HeldClock();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ clock });
});

afterAll(() => gateway.close());

const idOf = (key: string) => key.split('_')[1] ?? '';

const rotate = (body: object) => post(gateway, 'admin', 'keys/rotate', body);

const isGood = async (key: string) =>
  (await gateway.request('GET', '/v1/toolkit/authenticate', { key })).status === 200;

const create = async (body: object) =>
  (await post(gateway, 'admin', 'keys/create', body)).json.api_key as string;

const show = async (key: string) => {
  const { keys } = (await post(gateway, 'admin', 'keys/list', {})).json;
  return keys.find(({ key_id }: { key_id: string }) => key_id === idOf(key));
};

describe('200', () => {
  it('both are good until the overlap is over, and then the new one', async () => {
    const old = await create({ name: 'n8n', scopes: ['read', 'work'], tenant: 'acme' });
    const { status, json } = await rotate({ key_id: idOf(old) });
    expect(status).toBe(200);
    const shown = { name: 'n8n', scopes: ['read', 'work'], tenant: 'acme' };
    expect(json).toMatchObject({ ...shown, expires_at: null, last_used_at: null });
    expect(json.key_id).toBe(idOf(json.api_key));
    expect(await show(old)).toMatchObject({ expires_at: clock.now() + DAY * 1000 });
    clock.advance(DAY - 1);
    expect([await isGood(old), await isGood(json.api_key)]).toEqual([true, true]);
    clock.advance(1);
    expect([await isGood(old), await isGood(json.api_key)]).toEqual([false, true]);
  });

  it('with no overlap the old one ends at once, over tRPC', async () => {
    const old = await createTestKey(gateway.services, 'read');
    expect(await isGood(old)).toBe(true);
    const { mutate } = trpcClient(gateway, gateway.keys.admin).keys.rotate;
    const made = await mutate({ key_id: idOf(old), overlap_seconds: 0 });
    expect([await isGood(old), await isGood(made.api_key)]).toEqual([false, true]);
  });

  it('a key that ends sooner by itself still does, and the new one is given as long', async () => {
    const old = await create({ expires_at: clock.now() + 3_600_000 });
    clock.advance(600);
    const { json } = await rotate({ key_id: idOf(old) });
    expect(json.expires_at).toBe(clock.now() + 3_600_000);
    expect(await show(old)).toMatchObject({ expires_at: clock.now() + 3_000_000 });
  });

  it('or to the last date there is', async () => {
    const old = await create({ expires_at: LAST_DATE });
    clock.advance(600);
    expect((await rotate({ key_id: idOf(old) })).json.expires_at).toBe(LAST_DATE);
  });

  it('or as long as it is told', async () => {
    const old = await create({ expires_at: clock.now() + 3_600_000 });
    const expires_at = clock.now() + 1000;
    const { json } = await rotate({ key_id: idOf(old), expires_at });
    expect(json).toMatchObject({ expires_at });
  });

  it('one may rotate the key it calls with', async () => {
    const own = await createTestKey(gateway.services, 'admin');
    const body = { key_id: idOf(own), overlap_seconds: 0 };
    const { json } = await gateway.request('POST', '/v1/toolkit/keys/rotate', { key: own, body });
    expect([await isGood(own), await isGood(json.api_key)]).toEqual([false, true]);
  });
});

describe('400', () => {
  it.each([
    ['overlap_seconds', -1],
    ['overlap_seconds', 0.5],
    ['overlap_seconds', 30 * DAY + 1],
    ['expires_at', 'tomorrow'],
  ])('where %s is %j', async (path, value) => {
    const { status, json } = await rotate({ key_id: 'x', [path]: value });
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path });
  });

  const ENDED = 'This key is revoked or expired: make a new one with keys.create';

  it.each([
    ['from the environment', async () => 'env', /API_KEY: change it there/],
    ['revoked', () => endedKey('revoked'), ENDED],
    ['expired', () => endedKey('expired'), ENDED],
  ])('where the key is %s', async (_what, make, message) => {
    const body = { key_id: await make() };
    const { status, json } = await rotate(body);
    const issue = { path: 'key_id', message: expect.stringMatching(message) };
    expect({ status, issues: json.issues }).toEqual({ status: 400, issues: [issue] });
    const over = await refusal(trpcClient(gateway, gateway.keys.admin).keys.rotate.mutate(body));
    expect(over).toMatchObject({ httpStatus: 400, issues: json.issues });
  });

  async function endedKey(how: 'revoked' | 'expired'): Promise<string> {
    const key_id = idOf(await create(how === 'expired' ? { expires_at: clock.now() } : {}));
    if (how === 'revoked') await post(gateway, 'admin', 'keys/revoke', { key_id });
    return key_id;
  }
});

describe('404', () => {
  it('for a key that is not there', async () => {
    const body = { error: 'Key not found', code: 404 };
    expectAnswer(await rotate({ key_id: 'none' }), 404, body);
    const { mutate } = trpcClient(gateway, gateway.keys.admin).keys.rotate;
    expect(await refusal(mutate({ key_id: 'none' }))).toMatchObject({ reason: 'not_found' });
  });
});
