// Maintenance unit: writes when API keys were used last, all that were noted in one commit.
import type { JobStore } from '../store/job-store.ts';
import type { KeyUses } from './key-uses.ts';

const SLEEP_MS = 60_000;

/** What cannot be written now is noted again when the key is used again. */
export async function writeKeyUses(store: JobStore, uses: KeyUses): Promise<number> {
  const taken = uses.take();
  if (taken.size > 0) await store.noteKeyUses(taken);
  return SLEEP_MS;
}
