// What is inconsistent in a database file that nobody has open, without any of the store's code.
import type Database from 'better-sqlite3';

const COUNTED = 'select tenant, endpoint, status, ready, n from counters';
const RECOUNTED =
  'select tenant, endpoint, status, ready, count(*) from jobs group by tenant, endpoint, status, ready';

/** One line each: SQLite's own checks, and counters that a recount does not confirm. */
export function findDatabaseFaults(sqlite: Database.Database): string[] {
  const integrity = sqlite.pragma('integrity_check', { simple: true });
  const orphans = (sqlite.pragma('foreign_key_check') as unknown[]).length;
  const miscounts = [differences(COUNTED, RECOUNTED), differences(RECOUNTED, COUNTED)]
    .map((query) => sqlite.prepare(query).all().length)
    .reduce((sum, count) => sum + count);
  return [
    ...(integrity === 'ok' ? [] : [`integrity_check: ${String(integrity)}`]),
    ...(orphans === 0 ? [] : [`${orphans} rows refer to none`]),
    ...(miscounts === 0 ? [] : [`${miscounts} counters differ from a recount`]),
  ];
}

const differences = (a: string, b: string) => `select 1 from (${a} except ${b})`;
