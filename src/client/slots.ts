// A bound on what runs at the same time; the rest waits its turn.

export class Slots {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes a slot if one is free. */
  tryTake(): boolean {
    if (this.#taken >= this.#limit) return false;
    this.#taken += 1;
    return true;
  }

  /** Hands the slot to the one who waits longest. */
  free(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#taken -= 1;
  }

  /** Runs `work` in a slot, in order of asking. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (!this.tryTake()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.free();
    }
  }
}
