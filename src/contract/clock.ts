// The clock: how every layer learns the time, so that a test can hold it still.

export interface Clock {
  /** The wall clock, epoch milliseconds. May jump when the machine's time is set. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. Leases are measured on it. */
  monotonic(): number;
}
