// The ledger of a load: what was acknowledged of each job, and whether a store still knows it.
import { hasEnded, type JobState, type JobStatus } from '../../../src/contract/job.ts';
import type { JobStore } from '../../../src/store/job-store.ts';
import { TENANT } from '../../store/sqlite/world.ts';

/** What the load says before (`trying`) and after a verb; `version` is the job's after it. */
export interface Ack {
  jobId: string;
  /** The job's number in the load: its payload and its end follow from it. */
  n: number;
  version: number;
  status: JobStatus | 'deleting' | 'deleted';
}

/** Payloads of 200 bytes, and a few of many pages; different everywhere. */
export function payloadOf(n: number): string {
  return JSON.stringify({ text: textOf(`payload ${n}`, n % 12 === 0 ? 20_000 : 200) });
}

export function resultOf(n: number): string {
  return JSON.stringify({ said: textOf(`result ${n}`, n % 15 === 0 ? 12_000 : 300) });
}

export function reasonOf(n: number): string {
  return textOf(`reason ${n}`, 80);
}

function textOf(label: string, length: number): string {
  let out = '';
  for (let i = 0; out.length < length; i += 1) out += `${label}.${i} `;
  return out.slice(0, length);
}

export class Ledger {
  readonly #acks = new Map<string, Ack>();

  get size(): number {
    return this.#acks.size;
  }

  add(line: string): void {
    const ack = JSON.parse(line) as Ack;
    this.#acks.set(ack.jobId, ack);
  }

  /** What was acknowledged and is not so, one line each. */
  async findLosses(store: JobStore): Promise<string[]> {
    const losses: string[] = [];
    for (const ack of this.#acks.values()) {
      const loss = await findLoss(store, ack);
      if (loss) losses.push(`job ${ack.n} (${ack.status}, version ${ack.version}): ${loss}`);
    }
    return losses;
  }
}

async function findLoss(store: JobStore, ack: Ack): Promise<string | undefined> {
  const job = await store.find({ tenant: TENANT, jobId: ack.jobId });
  if (ack.status === 'deleted') return job && 'is there again';
  if (!job) return ack.status === 'deleting' ? undefined : 'is gone';
  if (job.payload.text !== payloadOf(ack.n) || job.id !== String(ack.n))
    return 'has another payload';
  if (job.version < ack.version) return `is back at version ${job.version}`;
  // What was under way may have come through: a verb, and a claim of what it gave back.
  if (job.version > ack.version + 2) return `is at version ${job.version} already`;
  if (ack.status !== 'deleting' && job.version === ack.version && job.status !== ack.status)
    return `is ${job.status}`;
  return findEndFault(job, ack.n);
}

function findEndFault({ status, end }: JobState, n: number): string | undefined {
  if (hasEnded(status) !== (end !== null)) return `is ${status} and its end does not say so`;
  if (status === 'done' && end?.result?.text !== resultOf(n)) return 'has another result';
  if (status === 'failed' && end?.message !== reasonOf(n)) return 'failed for another reason';
  return undefined;
}
