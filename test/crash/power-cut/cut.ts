// One cut: what the disk holds then is opened as after a power cut and held to what was acknowledged.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StoreOpenError } from '../../../src/store/store-open-error.ts';
import type { JobStore } from '../../../src/store/job-store.ts';
import type { Random } from '../../store/sqlite/damage.ts';
import { newJob, openTestStore, TENANT } from '../../store/sqlite/world.ts';
import { findDatabaseFaults } from '../database-faults.ts';
import type { Disk } from './disk.ts';
import type { Ledger } from './ledger.ts';

export const OUTCOMES = ['whole', 'lost', 'refused', 'damaged'] as const;

/**
 * `whole`: all is there. `lost`: what was acknowledged is not. `refused`: the store does not open.
 * `damaged`: it opened and is not consistent.
 */
export type Outcome = (typeof OUTCOMES)[number];

export interface CutResult {
  /** Events of the recording before the cut. */
  at: number;
  acks: number;
  outcome: Outcome;
  faults: string[];
}

export interface Moment {
  at: number;
  disk: Disk;
  ledger: Ledger;
}

/** Builds the files in `folder`, which is gone afterwards. */
export async function tryCut(
  { at, disk, ledger }: Moment,
  folder: string,
  random: Random,
): Promise<CutResult> {
  mkdirSync(folder, { recursive: true });
  try {
    disk.writeAsCut(folder, random);
    return { at, acks: ledger.size, ...(await examine(join(folder, 'jobgate.db'), ledger)) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Examined = Pick<CutResult, 'outcome' | 'faults'>;

async function examine(path: string, ledger: Ledger): Promise<Examined> {
  const store = openOrRefuse(path);
  if (store instanceof StoreOpenError) return { outcome: 'refused', faults: [store.message] };
  const losses = await ledger.findLosses(store);
  const counted = await store.countByStatus(TENANT);
  const [submitted] = await store.submit([newJob({ after: 'the cut' })]);
  await store.close();
  const faults = findDamage(path, { total: totalOf(counted) + 1, newJobId: submitted!.jobId });
  if (losses.length > 0) return { outcome: 'lost', faults: [...losses, ...faults] };
  return { outcome: faults.length > 0 ? 'damaged' : 'whole', faults };
}

function openOrRefuse(path: string): JobStore | StoreOpenError {
  try {
    return openTestStore(path);
  } catch (error) {
    if (error instanceof StoreOpenError) return error;
    throw error;
  }
}

const totalOf = (counts: { count: number }[]) => counts.reduce((sum, { count }) => sum + count, 0);

/** What is wrong with the file after the store was closed. */
function findDamage(path: string, expected: { total: number; newJobId: string }): string[] {
  const sqlite = new Database(path, { readonly: true });
  try {
    const isThere = sqlite.prepare('select 1 from jobs where job_id = ?').get(expected.newJobId);
    const total = sqlite.prepare('select count(*) from jobs').pluck().get();
    return [
      ...findDatabaseFaults(sqlite),
      ...(isThere ? [] : ['what was submitted after the cut is not there']),
      ...(total === expected.total ? [] : ['the jobs are not as many as were counted']),
    ];
  } finally {
    sqlite.close();
  }
}
