// The authenticator: who is let in, as whom, and who no longer is, on a real store.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiKey } from '../../src/auth/api-keys.ts';
import { Authenticator } from '../../src/auth/authenticator.ts';
import { mintKey } from '../../src/auth/key-format.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';

let time = 1_000;
const clock = { now: () => time, monotonic: () => time };

let folder: string;
let store: JobStore;
let authenticator: Authenticator;

beforeEach(async () => {
  time = 1_000;
  folder = await mkdtemp(join(tmpdir(), 'jobgate-auth-'));
  store = openSqliteStore(join(folder, 'jobgate.db'), {
    clock,
    pid: 1,
    buildNumber: '0',
    maxQueueLength: 0,
    retryDelayMs: () => 0,
    cancelGraceMs: 0,
    retentionMs: 0,
  });
  authenticator = new Authenticator({ store, clock, adminKey: 'from-outside' });
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

function create(expiresAt: number | null = null) {
  const wanted = { name: 'a key', tenant: 'acme', scopes: ['submit', 'work'] as const, expiresAt };
  return createApiKey(store, clock, { ...wanted, scopes: [...wanted.scopes] });
}

describe('a stored key', () => {
  it('is let in with its tenant and scopes, and nothing else of it', async () => {
    const { apiKey, key } = await create();
    expect(await authenticator.authenticate(apiKey)).toEqual({
      keyId: key.keyId,
      tenant: 'acme',
      scopes: ['submit', 'work'],
    });
  });

  it('is stored as a hash only', async () => {
    const { apiKey, key } = await create();
    expect(key.secretHash).toHaveLength(32);
    expect(JSON.stringify(await store.findKey(key.keyId))).not.toContain(apiKey.split('_')[2]);
  });

  it('is refused from the moment it is revoked', async () => {
    const { apiKey, key } = await create();
    expect(await authenticator.authenticate(apiKey)).toBeDefined();
    await store.revokeKey(key.keyId, clock.now());
    expect(await authenticator.authenticate(apiKey)).toBeUndefined();
  });

  it('is refused from the moment it expires', async () => {
    const { apiKey } = await create(2_000);
    time = 1_999;
    expect(await authenticator.authenticate(apiKey)).toBeDefined();
    time = 2_000;
    expect(await authenticator.authenticate(apiKey)).toBeUndefined();
  });
});

describe('refused', () => {
  it.each([undefined, '', 'unknown', 'from-outsid', 'from-outside '])('%j', async (header) => {
    expect(await authenticator.authenticate(header)).toBeUndefined();
  });

  it('a well-formed key that nobody made', async () => {
    expect(await authenticator.authenticate(mintKey().apiKey)).toBeUndefined();
  });

  it('another secret under a known id', async () => {
    const { key } = await create();
    const forged = mintKey();
    await store.createKey({ ...key, keyId: forged.keyId, secretHash: Buffer.alloc(32, 7) });
    expect(await authenticator.authenticate(forged.apiKey)).toBeUndefined();
  });
});

describe('the admin key from outside', () => {
  it('is an admin of the tenant default', async () => {
    expect(await authenticator.authenticate('from-outside')).toEqual({
      keyId: 'env',
      tenant: 'default',
      scopes: ['admin'],
    });
  });

  it('opens nothing where none is given', async () => {
    const without = new Authenticator({ store, clock });
    expect(await without.authenticate('from-outside')).toBeUndefined();
  });
});
