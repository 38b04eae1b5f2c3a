// The lag of the event loop that the gateway and the fuzzing share: what no answer may be blamed for.

const TICK_MS = 50;

export class LoopLag {
  /** By how much the loop's timers came late, in all since the beginning, milliseconds. */
  lateMs = 0;
  /** The most processor time between two timers, milliseconds: for so long nobody was served. */
  heldMs = 0;
  readonly #timer: NodeJS.Timeout;
  #at = performance.now();
  #cpu = process.cpuUsage();

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const at = performance.now();
    const { user, system } = process.cpuUsage(this.#cpu);
    this.lateMs += Math.max(0, at - this.#at - TICK_MS);
    this.heldMs = Math.max(this.heldMs, (user + system) / 1000);
    this.#at = at;
    this.#cpu = process.cpuUsage();
  }
}
