// Maintenance unit: takes a backup when one is due, and then removes those that are too many.
import type { Clock } from '../contract/clock.ts';
import type { OnError } from './maintenance.ts';

/** The folder of a gateway's backups: those of its own database, each known by when it was taken. */
export interface BackupFolder {
  /** Epoch milliseconds of each, in no order. */
  times(): Promise<number[]>;
  /** Takes the one of `at`; it is there only once it is proven good. Aborted, it leaves none. */
  take(at: number, signal: AbortSignal): Promise<void>;
  remove(at: number): Promise<void>;
}

export interface BackupSchedule {
  folder: BackupFolder;
  clock: Clock;
  everyMs: number;
  /** How many there are at the most once one was taken; at least 1. */
  keep: number;
  /** Told at every look when the newest good one was taken, epoch milliseconds; 0 for never. */
  onNewest: (at: number) => void;
  onError: OnError;
}

/** The machine's time may be set meanwhile, and somebody may take a backup away. */
const LONGEST_SLEEP_MS = 60_000;

/** What fails is tried again a minute later; nothing is removed before one is there in its place. */
export async function takeBackups(schedule: BackupSchedule, signal: AbortSignal): Promise<number> {
  const now = schedule.clock.now();
  try {
    const before = await schedule.folder.times();
    // One of a time to come was taken while the machine's time was wrong: it makes none of now.
    const last = Math.max(-Infinity, ...before.filter((at) => at <= now));
    schedule.onNewest(Math.max(0, last));
    const dueInMs = last + schedule.everyMs - now;
    if (dueInMs > 0) return Math.min(dueInMs, LONGEST_SLEEP_MS);
    await schedule.folder.take(now, signal);
    schedule.onNewest(now);
    await removeOldest(schedule, before);
  } catch (error) {
    if (!signal.aborted) schedule.onError(error, 'take a backup');
  }
  return LONGEST_SLEEP_MS;
}

async function removeOldest({ folder, keep }: BackupSchedule, before: number[]): Promise<void> {
  const oldestFirst = before.toSorted((a, b) => a - b);
  const tooMany = oldestFirst.slice(0, Math.max(0, oldestFirst.length + 1 - keep));
  for (const at of tooMany) await folder.remove(at);
}
