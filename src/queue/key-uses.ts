// The uses of API keys, in memory until the maintenance writes them: a read writes nothing.
import type { ApiKey } from '../store/job-store.ts';

/** What `last_used_at` is exact to, and how often it is written for one key at the most. */
const RESOLUTION_MS = 60 * 60 * 1000;

/** Keys noted at the most; others are when they are used again. */
const MAX_NOTED = 10_000;

export class KeyUses {
  #noted = new Map<string, number>();

  /** `at`: epoch milliseconds. */
  note({ keyId, lastUsedAt }: ApiKey, at: number): void {
    if (lastUsedAt !== null && at - lastUsedAt < RESOLUTION_MS) return;
    if (this.#noted.size < MAX_NOTED) this.#noted.set(keyId, at);
  }

  /** The last use of each key noted since this was called before. */
  take(): ReadonlyMap<string, number> {
    const taken = this.#noted;
    this.#noted = new Map();
    return taken;
  }
}
