// Maintenance unit: takes new work in again once a disk that was full has room.
import type { JobStore } from '../store/job-store.ts';

const SLEEP_MS = 1000;

export async function keepReserve(store: JobStore): Promise<number> {
  await store.keepReserve();
  return SLEEP_MS;
}
