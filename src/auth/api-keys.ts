// Making API keys: the text goes to its owner once, its hash into the store.
import type { Clock } from '../contract/clock.ts';
import type { Scope } from '../contract/scope.ts';
import type { ApiKey, JobStore } from '../store/job-store.ts';
import { hashKey, mintKey, type MintedKey } from './key-format.ts';

export interface NewApiKey {
  /** What people call it. */
  name: string;
  tenant: string;
  scopes: Scope[];
  /** Epoch milliseconds; null for never. */
  expiresAt: number | null;
}

/** Makes and stores a key. `apiKey` is its whole text and cannot be had again. */
export async function createApiKey(
  store: JobStore,
  clock: Clock,
  wanted: NewApiKey,
): Promise<{ apiKey: string; key: ApiKey }> {
  const minted = mintKey();
  const key = await storeApiKey(store, clock, { ...wanted, minted });
  return { apiKey: minted.apiKey, key };
}

/** Stores a key that was minted, and perhaps handed out, before. */
export async function storeApiKey(
  store: JobStore,
  clock: Clock,
  { minted, ...wanted }: NewApiKey & { minted: MintedKey },
): Promise<ApiKey> {
  const key: ApiKey = {
    ...wanted,
    keyId: minted.keyId,
    secretHash: hashKey(minted.apiKey),
    createdAt: clock.now(),
    revokedAt: null,
    lastUsedAt: null,
  };
  await store.createKey(key);
  return key;
}
