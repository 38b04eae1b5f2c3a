// The lag of the event loop that the gateway and the fuzzing share: what no answer may be blamed for.

const TICK_MS = 50;

export class LoopLag {
  /** The most processor time between two timers, milliseconds: for so long nobody was served. */
  heldMs = 0;
  readonly #timer: NodeJS.Timeout;
  #lateMs = 0;
  #at = performance.now();
  #cpu = process.cpuUsage();

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** By how much the loop's timers came late, in all since the beginning, milliseconds. */
  get lateMs(): number {
    return this.#lateMs + this.#overdueMs();
  }

  #overdueMs(): number {
    return Math.max(0, performance.now() - this.#at - TICK_MS);
  }

  #tick(): void {
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#lateMs += this.#overdueMs();
    this.heldMs = Math.max(this.heldMs, (user + system) / 1000);
    this.#at = performance.now();
    this.#cpu = process.cpuUsage();
  }
}
