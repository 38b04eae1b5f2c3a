// Making API keys: the text goes to its owner once, its hash into the store.
import type { Clock } from '../contract/clock.ts';
import { LAST_DATE } from '../contract/fields.ts';
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
  by?: string,
): Promise<{ apiKey: string; key: ApiKey }> {
  const minted = mintKey();
  const key = await storeApiKey(store, clock, { ...wanted, minted }, by);
  return { apiKey: minted.apiKey, key };
}

/**
 * Makes a key of the same name, tenant and scopes in the place of `old`, which stays good for
 * `overlapMs`, but no longer than it would have. Undefined when `old` was revoked meanwhile.
 */
export async function rotateApiKey(
  store: JobStore,
  clock: Clock,
  old: ApiKey,
  { overlapMs, expiresAt, by }: { overlapMs: number; expiresAt: number | null; by: string },
): Promise<{ apiKey: string; key: ApiKey } | undefined> {
  const minted = mintKey();
  const { name, tenant, scopes } = old;
  const key = composeKey(clock, { name, tenant, scopes, expiresAt, minted });
  const isDone = await store.rotateKey(old.keyId, key, clock.now() + overlapMs, by);
  return isDone ? { apiKey: minted.apiKey, key } : undefined;
}

/** When a key ends that is given as long as `old` was; null for never. */
export function sameLifetime(clock: Clock, { createdAt, expiresAt }: ApiKey): number | null {
  if (expiresAt === null) return null;
  return Math.min(clock.now() + (expiresAt - createdAt), LAST_DATE);
}

/** Whether it opens anything at the time, epoch milliseconds. */
export function isLive({ revokedAt, expiresAt }: ApiKey, at: number): boolean {
  return revokedAt === null && (expiresAt === null || at < expiresAt);
}

/** Stores a key that was minted, and perhaps handed out, before. */
export async function storeApiKey(
  store: JobStore,
  clock: Clock,
  wanted: NewApiKey & { minted: MintedKey },
  by?: string,
): Promise<ApiKey> {
  const key = composeKey(clock, wanted);
  await store.createKey(key, by);
  return key;
}

function composeKey(
  clock: Clock,
  { minted, ...wanted }: NewApiKey & { minted: MintedKey },
): ApiKey {
  return {
    ...wanted,
    keyId: minted.keyId,
    secretHash: hashKey(minted.apiKey),
    createdAt: clock.now(),
    revokedAt: null,
    lastUsedAt: null,
  };
}
