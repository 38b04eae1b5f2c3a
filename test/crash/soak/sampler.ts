// What the gateway's process holds, sampled: memory and descriptors by /proc, heap by its metrics.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayProcess } from '../processes.ts';

export const METRICS_TOKEN = 'trial-metrics-token-of-the-soak';

const BYTES_PER_KIB = 1024;
const BYTES_PER_MB = 1_000_000;

export interface Sample {
  /** `performance.now()` of this process. */
  atMs: number;
  /** Resident, megabytes (10^6 bytes). */
  rssMb: number;
  /** Of these, what it wrote itself: pages of a file are its own or shared by who else runs, not by it. */
  privateMb: number;
  heapMb: number;
  descriptors: number;
}

/** Samples until `signal`; resolves then. Rejects when the gateway is gone. */
export async function keepSampling(
  gateway: GatewayProcess,
  everyMs: number,
  signal: AbortSignal,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  while (!signal.aborted) {
    const next = performance.now() + everyMs;
    samples.push(await takeSample(gateway).catch((error: unknown) => giveUp(gateway, error)));
    await sleep(Math.max(0, next - performance.now()), undefined, { signal }).catch(() => {});
  }
  return samples;
}

async function takeSample(gateway: GatewayProcess): Promise<Sample> {
  const { pid } = gateway;
  const heapMb = await readHeap(gateway);
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return {
    atMs: performance.now(),
    rssMb: megabytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS'),
    privateMb: megabytes(rollup, 'Private_Dirty'),
    heapMb,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

function giveUp({ log }: GatewayProcess, cause: unknown): never {
  throw new Error(`The gateway could not be sampled: ${log.at(-1) ?? 'it logged nothing'}`, {
    cause,
  });
}

function megabytes(text: string, field: string): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  if (kib === undefined) throw new Error(`The system does not tell ${field}`);
  return (Number(kib) * BYTES_PER_KIB) / BYTES_PER_MB;
}

async function readHeap({ client }: GatewayProcess): Promise<number> {
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
  const text = await (await fetch(`${client.url}/metrics`, { headers })).text();
  const bytes = /^nodejs_heap_size_used_bytes (\S+)$/m.exec(text)?.[1];
  if (bytes === undefined) throw new Error('The metrics do not tell the heap');
  return Number(bytes) / BYTES_PER_MB;
}
