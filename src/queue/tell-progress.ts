// Maintenance unit: lets those who follow a job see progress that came too soon for an event of its own.
import type { JobStore } from '../store/job-store.ts';

const SLEEP_MS = 500;

export async function tellProgress(store: JobStore): Promise<number> {
  await store.tellProgress();
  return SLEEP_MS;
}
