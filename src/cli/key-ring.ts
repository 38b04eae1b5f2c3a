// The key ring: the API keys of a database, reached through the gateway that runs on it or directly.
import { existsSync } from 'node:fs';
import { createApiKey, isLive, rotateApiKey, sameLifetime } from '../auth/api-keys.ts';
import { toGatewayError, type GatewayError } from '../client/gateway-error.ts';
import type { Config } from '../config.ts';
import type { Scope } from '../contract/scope.ts';
import { viewOfKey } from '../procedures/key-view.ts';
import type { JobStore } from '../store/job-store.ts';
import { StoreOpenError } from '../store/store-open-error.ts';
import { readLockHolder, type LockHolder } from '../store/sqlite/file-lock.ts';
import { CommandError } from './command-error.ts';
import { exitCodeOf, JOB_EXIT_CODES } from './exit-codes.ts';
import { onOneLine } from './one-line.ts';
import { openLockedStore } from './open-store.ts';
import { systemClock } from './system-clock.ts';

/** Who does it, for the audit table. */
const CLI = 'cli';

export interface WantedKey {
  name: string;
  tenant: string;
  scopes: Scope[];
  /** Epoch milliseconds; null for never. */
  expires_at: number | null;
}

/** A key as the API shows it; times are epoch milliseconds. */
export interface ShownKey extends WantedKey {
  key_id: string;
  created_at: number;
  revoked_at: number | null;
}

/** `api_key` is the whole key; it cannot be had again. */
export interface MadeKey extends ShownKey {
  api_key: string;
}

export interface KeyRing {
  create(wanted: WantedKey): Promise<MadeKey>;
  /** Throws CommandError when there is no such key, or it has ended. */
  rotate(keyId: string, overlapSeconds: number): Promise<MadeKey>;
  list(): Promise<ShownKey[]>;
  /** Throws CommandError when no key has this id. */
  revoke(keyId: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * The keys of the configured database. Beside a running gateway `adminKey` is needed. Throws
 * CommandError or StoreOpenError.
 */
export function openKeyRing(
  config: Config,
  adminKey: string | undefined,
  { mayCreate }: { mayCreate: boolean },
): KeyRing {
  const holder = readLockHolder(config.databasePath);
  if (holder) return remoteKeyRing(urlOf(holder), adminKey);
  if (!mayCreate && !existsSync(config.databasePath)) {
    throw new StoreOpenError(
      'unusable',
      `The database ${config.databasePath} does not exist: set DATABASE_URL as the gateway has it`,
    );
  }
  return localKeyRing(config);
}

function urlOf({ pid, url }: LockHolder): string {
  if (url) return url;
  const text = `Process ${pid} holds the database and does not answer yet: try again`;
  throw new CommandError(text, JOB_EXIT_CODES.unreachable);
}

function localKeyRing(config: Config): KeyRing {
  const { store, close } = openLockedStore(config, systemClock);
  return {
    create: async ({ expires_at: expiresAt, ...wanted }) => {
      const { apiKey, key } = await createApiKey(store, systemClock, { ...wanted, expiresAt }, CLI);
      return { api_key: apiKey, ...viewOfKey(key) };
    },
    list: async () => (await store.listKeys()).map(viewOfKey),
    rotate: (keyId, overlapSeconds) => rotateHere(store, keyId, overlapSeconds),
    revoke: async (keyId) => {
      const found = await store.revokeKey(keyId, systemClock.now(), CLI);
      if (!found) throw noSuchKey(keyId);
    },
    close,
  };
}

function noSuchKey(keyId: string): CommandError {
  return new CommandError(`No key has the id ${keyId}: see jobgate keys list`);
}

async function rotateHere(
  store: JobStore,
  keyId: string,
  overlapSeconds: number,
): Promise<MadeKey> {
  const old = await store.findKey(keyId);
  if (!old) throw noSuchKey(keyId);
  const made = isLive(old, systemClock.now())
    ? await rotateApiKey(store, systemClock, old, {
        by: CLI,
        overlapMs: overlapSeconds * 1000,
        expiresAt: sameLifetime(systemClock, old),
      })
    : undefined;
  if (!made) throw new CommandError(`Key ${keyId} is revoked or expired: make a new one`);
  return { ...viewOfKey(made.key), api_key: made.apiKey };
}

function remoteKeyRing(url: string, adminKey: string | undefined): KeyRing {
  if (!adminKey) {
    throw new CommandError(
      `A gateway runs on this database at ${url}: set JOBGATE_API_KEY to an admin key of it`,
    );
  }
  const call = (verb: string, body: object) =>
    post(`${url}/v1/toolkit/keys/${verb}`, adminKey, body);
  return {
    create: async ({ expires_at, ...wanted }) => {
      // Left out, and not null, means never.
      const made = await call('create', { ...wanted, expires_at: expires_at ?? undefined });
      return made as MadeKey;
    },
    rotate: async (key_id, overlap_seconds) =>
      (await call('rotate', { key_id, overlap_seconds })) as MadeKey,
    list: async () => ((await call('list', {})) as { keys: ShownKey[] }).keys,
    revoke: async (keyId) => {
      await call('revoke', { key_id: keyId });
    },
    close: async () => {},
  };
}

async function post(url: string, apiKey: string, body: object): Promise<unknown> {
  const headers = { 'x-api-key': apiKey, 'content-type': 'application/json' };
  try {
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    const answer = (await response.json()) as object;
    return response.ok ? answer : refuse(toGatewayError(response, answer));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`The gateway does not answer at ${url}`, JOB_EXIT_CODES.unreachable);
  }
}

function refuse(refusal: GatewayError): never {
  const exitCode = exitCodeOf(refusal);
  const isKeyRefused = exitCode === JOB_EXIT_CODES.refused;
  const advice = isKeyRefused ? ': set JOBGATE_API_KEY to an admin key of it' : '';
  throw new CommandError(onOneLine(refusal.message) + advice, exitCode);
}
