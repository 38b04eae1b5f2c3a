// Maintenance unit: removes entries of the audit table past their retention, a few at a time.
import type { JobStore } from '../store/job-store.ts';

/** About as long in one commit as 50 jobs. */
const BATCH = 200;
const PAUSE_MS = 20;
const SLEEP_MS = 60_000;

export async function pruneAudit(store: JobStore): Promise<number> {
  const removed = await store.pruneAudit(BATCH);
  return removed === BATCH ? PAUSE_MS : SLEEP_MS;
}
