// Waiting in tests for what must come true, however slow the machine is.
import { vi } from 'vitest';

/** Tries `check` until it does not throw; rejects with what it threw last after 10 s. */
export function until(check: () => unknown): Promise<unknown> {
  return vi.waitFor(check, { timeout: 10_000, interval: 20 });
}
