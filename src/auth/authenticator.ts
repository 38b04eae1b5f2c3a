// The authenticator: from the x-api-key header to who is calling and what they may do.
import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../contract/clock.ts';
import type { Scope } from '../contract/scope.ts';
import type { KeyUses } from '../queue/key-uses.ts';
import type { ApiKey, JobStore } from '../store/job-store.ts';
import { isLive } from './api-keys.ts';
import { hashKey, keyIdIn, keyIdOf } from './key-format.ts';
import { WrongKeys } from './rate-limits.ts';

/** Who calls. */
export interface Principal {
  /** Id of the key; `env` for the admin key given from outside. */
  keyId: string;
  tenant: string;
  scopes: readonly Scope[];
}

export interface AuthenticatorOptions {
  /** Where the uses of keys are noted. Default: nowhere. */
  keyUses?: KeyUses;
  store: JobStore;
  clock: Clock;
  /** An admin key of tenant `default` that is not in the store. Default: none. */
  adminKey?: string | undefined;
  /** How many wrong keys an address may try, as `readRateLimit` takes it. Default: `0`, no limit. */
  wrongKeyLimit?: string;
}

/** Where a request comes from; read only when its key is not one that was seen before. */
export interface Caller {
  readonly ip: string;
}

const UNKNOWN_CALLER: Caller = { ip: 'unknown' };

export const DEFAULT_TENANT = 'default';

/** Id of the admin key given from outside; no key in the store can have it. */
export const ENV_KEY_ID = 'env';

const ADMIN: Principal = { keyId: ENV_KEY_ID, tenant: DEFAULT_TENANT, scopes: ['admin'] };

/** Compared against where there is nothing to compare against, so that it takes the same time. */
const NO_HASH = Buffer.alloc(32);

/** Keys remembered at the most; then all are forgotten and checked anew. */
const MAX_REMEMBERED = 10_000;

/** A key that was checked: its text, in memory only, and what the store said of it. */
interface Remembered {
  text: Buffer;
  key: ApiKey;
  principal: Principal;
}

export class Authenticator {
  readonly #store: JobStore;
  readonly #clock: Clock;
  readonly #keyUses: KeyUses | undefined;
  readonly #adminHash: Buffer | undefined;
  readonly #wrongKeys: WrongKeys;
  readonly #remembered = new Map<string, Remembered>();

  constructor({ store, clock, adminKey, keyUses, wrongKeyLimit = '0' }: AuthenticatorOptions) {
    this.#keyUses = keyUses;
    this.#store = store;
    this.#clock = clock;
    this.#wrongKeys = new WrongKeys(clock, wrongKeyLimit);
    this.#adminHash = adminKey === undefined ? undefined : hashKey(adminKey);
  }

  /**
   * Undefined when the header is missing or its key is unknown, revoked or expired. Throws
   * `too_many_requests` in place of that when the caller's address tried too many such keys.
   */
  async authenticate(
    header: string | undefined,
    caller: Caller = UNKNOWN_CALLER,
  ): Promise<Principal | undefined> {
    if (!header) return undefined;
    const remembered = this.#remembered.get(keyIdIn(header));
    if (remembered && isSame(remembered.text, header)) {
      // The store answers with the same object until something about the key has changed.
      const key = await this.#store.findKey(remembered.key.keyId);
      if (key === remembered.key && this.#isLive(key)) {
        this.#keyUses?.note(key, this.#clock.now());
        return remembered.principal;
      }
    }
    const principal = await this.#check(header, caller);
    if (!principal) this.#wrongKeys.count(caller.ip);
    return principal;
  }

  async #check(header: string, caller: Caller): Promise<Principal | undefined> {
    const given = hashKey(header);
    if (this.#isAdmin(given, caller)) return ADMIN;
    const keyId = keyIdOf(header);
    if (keyId === undefined) return undefined;
    const key = await this.#store.findKey(keyId);
    // The comparison comes first: how long it takes says nothing about which ids exist.
    const matches = timingSafeEqual(given, key?.secretHash ?? NO_HASH);
    if (!matches || !key || !this.#isLive(key)) return undefined;
    this.#keyUses?.note(key, this.#clock.now());
    return this.#remember(header, key);
  }

  /** The hash takes 12 of the 100 µs of a status read, the comparison of the text one. */
  #remember(header: string, key: ApiKey): Principal {
    const { keyId, tenant, scopes } = key;
    const principal = { keyId, tenant, scopes };
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(keyId, { text: Buffer.from(header, 'latin1'), key, principal });
    return principal;
  }

  /**
   * Whether the text is a secret that somebody thought up, such as METRICS_TOKEN, by its hash. A wrong
   * one counts as a wrong key does: throws `too_many_requests` when there were too many.
   */
  isSecret(given: string, secretHash: Buffer, caller: Caller): boolean {
    const isRight = this.#isGuessed(hashKey(given), secretHash, caller);
    if (!isRight) this.#wrongKeys.count(caller.ip);
    return isRight;
  }

  #isAdmin(given: Buffer, caller: Caller): boolean {
    return this.#adminHash !== undefined && this.#isGuessed(given, this.#adminHash, caller);
  }

  /**
   * A key that we made cannot be guessed, so a good one passes whatever else comes from its address.
   * Not so what somebody thought up: who guesses too fast learns nothing, not even by a right guess.
   */
  #isGuessed(given: Buffer, secret: Buffer, caller: Caller): boolean {
    return !this.#wrongKeys.areTooMany(caller.ip) && timingSafeEqual(given, secret);
  }

  #isLive(key: ApiKey): boolean {
    return isLive(key, this.#clock.now());
  }
}

/** Every key of ours is as long as any other, so that the length tells nothing. */
function isSame(text: Buffer, header: string): boolean {
  return text.length === header.length && timingSafeEqual(text, Buffer.from(header, 'latin1'));
}
