// A clock that stands still until a test moves it.
import type { Clock } from '../src/contract/clock.ts';

export class FakeClock implements Clock {
  #wall: number;
  #monotonic = 1_000;

  /** Begins at the given epoch milliseconds. */
  constructor(wall = Date.UTC(2026, 0, 5, 12)) {
    this.#wall = wall;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Time passes. */
  advance(ms: number): void {
    this.#wall += ms;
    this.#monotonic += ms;
  }

  /** Somebody sets the machine's time, epoch milliseconds; no time passes. */
  setWall(ms: number): void {
    this.#wall = ms;
  }
}
