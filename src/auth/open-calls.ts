// The open calls: streams and waits by the key they came with, which end when the key does.
import type { Clock } from '../contract/clock.ts';
import type { JobStore } from '../store/job-store.ts';
import { isLive } from './api-keys.ts';
import { ENV_KEY_ID } from './authenticator.ts';

export interface OpenCall {
  /** Its key was revoked or has expired; must not throw. */
  endKey(): void;
}

/** How late the end of a key that expires may be told; one interval serves all, while any is open. */
const SWEEP_MS = 1000;

export class OpenCalls {
  readonly #store: JobStore;
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Set<OpenCall>>();
  #interval: NodeJS.Timeout | undefined;

  constructor({ store, clock }: { store: JobStore; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
    store.onKeyChange((keyId) => void this.#check(keyId));
  }

  /** How many are open now. */
  get size(): number {
    return [...this.#byKey.values()].reduce((sum, calls) => sum + calls.size, 0);
  }

  /** Tells the call when its key ends, until it has left. */
  enter(keyId: string, call: OpenCall): () => void {
    // The key given from outside never ends.
    if (keyId === ENV_KEY_ID) return () => {};
    const calls = this.#byKey.get(keyId) ?? new Set();
    this.#byKey.set(keyId, calls.add(call));
    this.#interval ??= setInterval(() => this.#sweep(), SWEEP_MS);
    return () => this.#leave(keyId, call);
  }

  #leave(keyId: string, call: OpenCall): void {
    const calls = this.#byKey.get(keyId);
    if (calls?.delete(call) && calls.size === 0) this.#byKey.delete(keyId);
    if (this.#byKey.size > 0) return;
    clearInterval(this.#interval);
    this.#interval = undefined;
  }

  #sweep(): void {
    for (const keyId of this.#byKey.keys()) void this.#check(keyId);
  }

  async #check(keyId: string): Promise<void> {
    if (!this.#byKey.has(keyId)) return;
    // What cannot be read now is looked at again by the next sweep.
    const key = await this.#store.findKey(keyId).catch(() => undefined);
    if (!key || isLive(key, this.#clock.now())) return;
    for (const call of this.#byKey.get(keyId) ?? []) {
      this.#leave(keyId, call);
      call.endKey();
    }
  }
}
