// Maintenance unit: ends leases that are over (lapsed, over the runtime, past the cancel grace).
import type { Clock } from '../contract/clock.ts';
import type { JobStore } from '../store/job-store.ts';

const BATCH = 100;

/** A lease given out meanwhile may end sooner than those known now; none is shorter than 5 s. */
const LONGEST_SLEEP_MS = 500;

export async function expireLeases(store: JobStore, clock: Clock): Promise<number> {
  const ended = await store.expireLeases(BATCH);
  if (ended === BATCH) return 0;
  const next = store.nextLeaseExpiry();
  if (next === undefined) return LONGEST_SLEEP_MS;
  return Math.min(Math.max(next - clock.monotonic(), 0), LONGEST_SLEEP_MS);
}
