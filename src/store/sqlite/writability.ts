// Whether the store can be written: known from its last commit, or from a small write of its own.
import { JobgateError } from '../../contract/errors.ts';
import type { Clock } from '../../contract/clock.ts';

/** For so long what was seen is believed, milliseconds: a probe each second must not wear the disk. */
const BELIEVED_MS = 10_000;

/**
 * Only a write tells: SQLite writes nothing for an empty transaction, and `access` calls a file
 * writable on a file system that the kernel made read-only after a fault (seen on Linux 6.18).
 */
export class Writability {
  readonly #clock: Clock;
  readonly #write: () => Promise<unknown>;
  #isWritable = true;
  #seenAt = -Infinity;
  #trying: Promise<void> | undefined;

  /** `write` changes something in the store. */
  constructor(clock: Clock, write: () => Promise<unknown>) {
    this.#clock = clock;
    this.#write = write;
  }

  /** A commit that changed something is on the disk, or the disk refused it. */
  note(isWritable: boolean): void {
    this.#isWritable = isWritable;
    this.#seenAt = this.#clock.monotonic();
  }

  async find(): Promise<boolean> {
    if (this.#clock.monotonic() - this.#seenAt >= BELIEVED_MS) {
      await (this.#trying ??= this.#try());
    }
    return this.#isWritable;
  }

  async #try(): Promise<void> {
    try {
      await this.#write();
      this.note(true);
    } catch (error) {
      if (!(error instanceof JobgateError)) throw error;
      this.note(false);
    } finally {
      this.#trying = undefined;
    }
  }
}
