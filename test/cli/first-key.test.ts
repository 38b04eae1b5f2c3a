// The first key: whatever moment a start ends at, no key is stored that nobody has seen.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Authenticator } from '../../src/auth/authenticator.ts';
import { makeFirstKey, writeFirstKey } from '../../src/cli/first-key.ts';
import { openStore } from '../../src/cli/open-store.ts';
import { systemClock } from '../../src/cli/system-clock.ts';
import { readConfig } from '../../src/config.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { StoreOpenError } from '../../src/store/store-open-error.ts';
import { temporaryFolder } from './child.ts';

describe('makeFirstKey', () => {
  let store: JobStore;

  beforeEach(() => {
    const databasePath = join(temporaryFolder(), 'jobgate.db');
    store = openStore({ ...readConfig({}), databasePath }, systemClock);
    onTestFinished(() => store.close());
  });

  it('delivers an admin key before it is stored', async () => {
    let storedAtDelivery: number | undefined;
    const listing = Promise.withResolvers<void>();
    const made = await makeFirstKey(store, systemClock, () => {
      void store.listKeys().then((keys) => {
        storedAtDelivery = keys.length;
        listing.resolve();
      });
    });
    await listing.promise;
    expect(storedAtDelivery).toBe(0);
    const authenticator = new Authenticator({ store, clock: systemClock });
    expect(await authenticator.authenticate(made)).toMatchObject({
      tenant: 'default',
      scopes: ['admin'],
    });
  });

  it('stores nothing that could not be delivered', async () => {
    const failing = makeFirstKey(store, systemClock, () => {
      throw new Error('no paper');
    });
    await expect(failing).rejects.toThrow('no paper');
    expect(await store.listKeys()).toEqual([]);
  });

  it('makes none where there is one, even a revoked one', async () => {
    await makeFirstKey(store, systemClock);
    const [key] = await store.listKeys();
    await store.revokeKey(key?.keyId ?? '', 1);
    expect(await makeFirstKey(store, systemClock)).toBeUndefined();
    expect(await store.listKeys()).toHaveLength(1);
  });
});

describe('writeFirstKey', () => {
  it('replaces what is there by a file of mode 0600', () => {
    const path = join(temporaryFolder(), 'jobgate.db.admin-key');
    writeFileSync(path, 'old', { mode: 0o666 });
    writeFirstKey(path, 'jg_new');
    expect(readFileSync(path, 'utf8')).toBe('jg_new\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('says in a line why it cannot', () => {
    const path = join(temporaryFolder(), 'missing', 'jobgate.db.admin-key');
    expect(() => writeFirstKey(path, 'jg_new')).toThrow(StoreOpenError);
    expect(() => writeFirstKey(path, 'jg_new')).toThrow(/^The first admin key cannot be written: /);
  });
});
