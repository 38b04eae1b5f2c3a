// The check before a start: a database or a log that was damaged is refused before SQLite opens it.
import { existsSync } from 'node:fs';
import { StoreOpenError } from '../store-open-error.ts';
import { PageSums } from './page-sums.ts';
import { readOnly } from './read-only.ts';
import { scanWal, type WalScan } from './wal-scan.ts';

/** Throws `corrupt` when SQLite would drop what was acknowledged from the log, and say nothing. */
export function refuseBrokenLog(path: string): WalScan {
  const wal = scanWal(`${path}-wal`);
  if (wal.broken) throw damaged(path, 'its log is broken before its end');
  return wal;
}

/**
 * Throws StoreOpenError `corrupt` when a page is not what was written or the log is not all there.
 * A file without page sums (a restored backup) is read whole by SQLite's own check instead, which
 * takes 1 s for 100,000 jobs, once.
 */
export function refuseDamaged(path: string, wal: WalScan): void {
  const sums = PageSums.open(path);
  const fault = sums ? sums.findFault(path, wal) : findFaultWithoutSums(path);
  sums?.close();
  if (fault === undefined) return;
  const replaced = sums
    ? `, or for another file put in its place remove ${PageSums.pathOf(path)}`
    : '';
  throw damaged(path, fault, replaced);
}

/** Throws `corrupt` for a file that was cut to nothing; one that was never written passes. */
export function refuseEmptied(path: string): void {
  if (!existsSync(path)) return;
  const sums = PageSums.open(path);
  if (!sums) return;
  sums.close();
  throw damaged(path, 'it is empty', `, or to start anew remove ${PageSums.pathOf(path)}`);
}

function findFaultWithoutSums(path: string): string | undefined {
  const found = readOnly(path, (sqlite) => sqlite.pragma('integrity_check(1)', { simple: true }));
  return found === 'ok' ? undefined : 'SQLite finds faults in it';
}

function damaged(path: string, fault: string, otherwise = ''): StoreOpenError {
  return new StoreOpenError(
    'corrupt',
    `The database ${path} is damaged (${fault}): restore a backup, or run jobgate salvage ${path}${otherwise}`,
  );
}
