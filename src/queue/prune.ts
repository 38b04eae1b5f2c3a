// Maintenance unit: removes ended jobs past their retention, a few at a time.
import type { JobStore } from '../store/job-store.ts';

/** Small enough never to stall a request; a full batch means there is more. */
const BATCH = 50;
const PAUSE_MS = 20;
const SLEEP_MS = 5_000;

export async function prune(store: JobStore): Promise<number> {
  const removed = await store.prune(BATCH);
  return removed === BATCH ? PAUSE_MS : SLEEP_MS;
}
