// Maintenance unit: makes delayed jobs claimable when their time has come.
import type { Clock } from '../contract/clock.ts';
import type { JobStore } from '../store/job-store.ts';

const BATCH = 100;

/** A job submitted meanwhile may be due sooner than those known now. */
const LONGEST_SLEEP_MS = 250;

export async function wakeDelayed(store: JobStore, clock: Clock): Promise<number> {
  const next = await store.nextDelayed();
  if (next === undefined) return LONGEST_SLEEP_MS;
  const dueInMs = next - clock.now();
  if (dueInMs > 0) return Math.min(dueInMs, LONGEST_SLEEP_MS);
  const woken = await store.wakeDelayed(BATCH);
  return woken === BATCH ? 0 : LONGEST_SLEEP_MS;
}
