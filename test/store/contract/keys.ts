// Conformance: API keys are kept as they are, and revoked once.
import { describe, expect, it } from 'vitest';
import type { ApiKey } from '../../../src/store/job-store.ts';
import { benchFor, expectRefusal, TENANT, type Suite } from './harness.ts';

export function apiKey(keyId: string, parts: Partial<ApiKey> = {}): ApiKey {
  return {
    keyId,
    tenant: TENANT,
    name: 'A key',
    secretHash: Buffer.alloc(32, keyId),
    scopes: ['read', 'submit'],
    createdAt: 1000,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    ...parts,
  };
}

export function keyTests(suite: Suite): void {
  describe('keys', () => {
    it('are kept as they are, also over a restart', async () => {
      const bench = await benchFor(suite);
      const key = apiKey('one', { expiresAt: 5000, scopes: ['work'], name: 'Ключ "1"' });
      await bench.store.createKey(key);
      expect(await bench.store.findKey('one')).toEqual(key);
      await bench.restart();
      expect(await bench.store.findKey('one')).toEqual(key);
      expect(await bench.store.findKey('two')).toBeUndefined();
    });

    it('are listed in the order they were made', async () => {
      const bench = await benchFor(suite);
      expect(await bench.store.listKeys()).toEqual([]);
      for (const [keyId, createdAt] of [
        ['b', 2],
        ['c', 1],
        ['a', 2],
      ] as const) {
        await bench.store.createKey(apiKey(keyId, { createdAt }));
      }
      const keys = await bench.store.listKeys();
      expect(keys.map(({ keyId }) => keyId)).toEqual(['c', 'a', 'b']);
    });

    it('are revoked once, at once, for good', async () => {
      const bench = await benchFor(suite);
      await bench.store.createKey(apiKey('one'));
      await bench.store.findKey('one');
      expect(await bench.store.revokeKey('one', 7000)).toBe(true);
      expect((await bench.store.findKey('one'))?.revokedAt).toBe(7000);
      expect(await bench.store.revokeKey('one', 8000)).toBe(true);
      expect((await bench.store.findKey('one'))?.revokedAt).toBe(7000);
      await bench.restart();
      expect((await bench.store.findKey('one'))?.revokedAt).toBe(7000);
      expect(await bench.store.revokeKey('none', 1)).toBe(false);
    });

    it('are rotated: the next is kept, and the one before ends', async () => {
      const bench = await benchFor(suite);
      await bench.store.createKey(apiKey('one'));
      await bench.store.createKey(apiKey('brief', { expiresAt: 3000 }));
      await bench.store.findKey('one');
      const next = apiKey('two', { createdAt: 2000, expiresAt: 9000 });
      expect(await bench.store.rotateKey('one', next, 5000)).toBe(true);
      expect(await bench.store.rotateKey('brief', apiKey('three'), 5000)).toBe(true);
      await bench.restart();
      const ends = (await bench.store.listKeys()).map(({ keyId, expiresAt }) => [keyId, expiresAt]);
      expect(Object.fromEntries(ends)).toEqual({ brief: 3000, one: 5000, three: null, two: 9000 });
      expect(await bench.store.findKey('two')).toEqual(next);
    });

    it('are not rotated when revoked or not there, nor into one that is', async () => {
      const bench = await benchFor(suite);
      await bench.store.createKey(apiKey('one'));
      await bench.store.revokeKey('one', 1);
      expect(await bench.store.rotateKey('one', apiKey('two'), 5000)).toBe(false);
      expect(await bench.store.rotateKey('none', apiKey('two'), 5000)).toBe(false);
      expect(await bench.store.findKey('two')).toBeUndefined();
      await bench.store.createKey(apiKey('three'));
      await expectRefusal(bench.store.rotateKey('three', apiKey('one'), 5000), 'internal');
      expect((await bench.store.findKey('three'))?.expiresAt).toBeNull();
    });

    it('one id is made once', async () => {
      const bench = await benchFor(suite);
      await bench.store.createKey(apiKey('one'));
      const again = apiKey('one', { secretHash: Buffer.alloc(32, 1), name: 'Another' });
      await expectRefusal(bench.store.createKey(again), 'internal');
      expect((await bench.store.findKey('one'))?.name).toBe('A key');
    });
  });
}
