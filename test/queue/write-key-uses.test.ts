// When keys were used last: written by the maintenance, at most once an hour, never by who asks.
import { expect, it } from 'vitest';
import { createApiKey } from '../../src/auth/api-keys.ts';
import { Authenticator } from '../../src/auth/authenticator.ts';
import { KeyUses } from '../../src/queue/key-uses.ts';
import { writeKeyUses } from '../../src/queue/write-key-uses.ts';
import { queueStore, TENANT } from './queue-store.ts';

const HOUR = 3_600_000;

async function setUp() {
  const { store, clock } = queueStore();
  const keyUses = new KeyUses();
  const authenticator = new Authenticator({ store, clock, keyUses, adminKey: 'outside' });
  const wanted = { name: 'n', tenant: TENANT, scopes: ['read' as const], expiresAt: null };
  const { apiKey, key } = await createApiKey(store, clock, wanted);
  let writes = 0;
  const counting = {
    ...store,
    noteKeyUses: (uses: ReadonlyMap<string, number>) => {
      writes += 1;
      return store.noteKeyUses(uses);
    },
  };
  return {
    clock,
    keyUses,
    use: (header = apiKey) => authenticator.authenticate(header),
    write: async () => {
      writes = 0;
      await writeKeyUses(counting, keyUses);
      return writes;
    },
    lastUsedAt: async () => (await store.findKey(key.keyId))?.lastUsedAt,
  };
}

it('at most once an hour, and not before it is written', async () => {
  const { clock, use, write, lastUsedAt } = await setUp();
  const start = clock.now();
  expect(await write()).toBe(0);
  await use();
  expect(await lastUsedAt()).toBeNull();
  clock.advance(5);
  await use();
  expect([await write(), await lastUsedAt()]).toEqual([1, start + 5]);
  clock.advance(HOUR - 1);
  expect(await use()).toBeDefined();
  expect([await write(), await lastUsedAt()]).toEqual([0, start + 5]);
  clock.advance(1);
  expect(await use()).toBeDefined();
  expect([await write(), await lastUsedAt()]).toEqual([1, start + 5 + HOUR]);
});

it('a key that is refused, and the one from outside, write nothing', async () => {
  const { use, write } = await setUp();
  await use('jg_nonsense');
  expect(await use('outside')).toBeDefined();
  expect(await write()).toBe(0);
});
