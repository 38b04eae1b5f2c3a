// Maintenance unit: moves the log into the file and gives free space back to the disk.
import type { JobStore } from '../store/job-store.ts';

const SLEEP_MS = 10_000;

export async function checkpoint(store: JobStore): Promise<number> {
  await store.checkpoint();
  return SLEEP_MS;
}
