// The first key: a gateway that has no key at all makes itself one admin key, and hands it out.
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { storeApiKey } from '../auth/api-keys.ts';
import { DEFAULT_TENANT } from '../auth/authenticator.ts';
import { mintKey } from '../auth/key-format.ts';
import type { Clock } from '../contract/clock.ts';
import type { JobStore } from '../store/job-store.ts';
import { StoreOpenError } from '../store/store-open-error.ts';

/**
 * Makes an admin key when the store holds none, and returns its text. It is delivered first and
 * stored after: a crash in between leaves a text that opens nothing and the next start makes
 * another, never a stored key that nobody has seen.
 */
export async function makeFirstKey(
  store: JobStore,
  clock: Clock,
  deliver: (apiKey: string) => void = () => {},
): Promise<string | undefined> {
  if ((await store.listKeys()).length > 0) return undefined;
  const minted = mintKey();
  deliver(minted.apiKey);
  const tenant = DEFAULT_TENANT;
  const wanted = { name: 'first key', tenant, scopes: ['admin' as const], expiresAt: null };
  await storeApiKey(store, clock, { ...wanted, minted }, 'start');
  return minted.apiKey;
}

export function firstKeyPath(databasePath: string): string {
  return `${databasePath}.admin-key`;
}

/**
 * Writes the key where only this user can read it, and to the disk before it returns. Throws
 * StoreOpenError.
 */
export function writeFirstKey(path: string, apiKey: string): void {
  try {
    writeDurably(path, apiKey);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const fault = code === 'ENOSPC' ? 'disk_full' : 'no_permission';
    throw new StoreOpenError(fault, `The first admin key cannot be written: ${message}`, error);
  }
}

function writeDurably(path: string, apiKey: string): void {
  // One that is there belongs to a start that ended before its key was stored.
  rmSync(path, { force: true });
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, `${apiKey}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
