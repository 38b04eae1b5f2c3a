// webhook.secret: one for each tenant, two after a rotation, over both transports.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, refusal, trpcClient } from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const get = async (body: object = {}) => {
  const { status, json } = await post(gateway, 'admin', 'webhook/secret', body);
  expect(status).toBe(200);
  return json.secrets;
};

describe('200', () => {
  it('is made once, and stays the same', async () => {
    const secrets = await get();
    expect(secrets).toEqual([
      {
        secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
        created_at: expect.any(Number),
        expires_at: null,
      },
    ]);
    expect(await get({ rotate: false })).toEqual(secrets);
    const client = trpcClient(gateway, gateway.keys.admin);
    expect(await client.webhook.secret.mutate({})).toEqual({ secrets });
  });

  it('keeps the one before for a day after a rotation, and no third', async () => {
    const [first] = await get();
    const [second, before, ...more] = await get({ rotate: true });
    expect(more).toEqual([]);
    expect(before).toEqual({ ...first, expires_at: expect.any(Number) });
    expect(before.expires_at - second.created_at).toBe(86_400_000);
    const client = trpcClient(gateway, gateway.keys.admin);
    const { secrets } = await client.webhook.secret.mutate({ rotate: true });
    expect(secrets.map(({ secret }) => secret)).toEqual([expect.any(String), second.secret]);
    expect(await get()).toEqual(secrets);
  });

  it("is the tenant's own", async () => {
    const key = await createTestKey(gateway.services, 'admin', 'acme');
    const { secrets } = await trpcClient(gateway, key).webhook.secret.mutate({});
    expect(secrets).toHaveLength(1);
    const others = (await get()).map(({ secret }: { secret: string }) => secret);
    expect(others).not.toContain(secrets[0]!.secret);
  });
});

describe('400', () => {
  it.each([{ rotate: 'yes' }, { rotate: null }, { rotat: true }])('for %o', async (body) => {
    expect((await post(gateway, 'admin', 'webhook/secret', body)).status).toBe(400);
    const call = trpcClient(gateway, gateway.keys.admin).webhook.secret.mutate(body as object);
    expect(await refusal(call)).toMatchObject({ httpStatus: 400 });
  });
});
