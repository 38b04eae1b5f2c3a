// Fills a database with done jobs through the real store, so that the benchmark reads real rows.
import { writeFileSync } from 'node:fs';
import pkg from '#package.json' with { type: 'json' };
import { createApiKey } from '../src/auth/api-keys.ts';
import type { Clock } from '../src/contract/clock.ts';
import { JsonText } from '../src/contract/json-text.ts';
import type { Scope } from '../src/contract/scope.ts';
import type { ClaimedJob, JobStore, NewJob } from '../src/store/job-store.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';

export const TENANT = 'default';
export const ENDPOINT = '/v1/media/metadata';
export const BUILD_NUMBER = pkg.version;

const WORKER = { workerId: 'bench-worker', workerPid: 4242 };
const SUBMIT_BATCH = 1000;
const CLAIM_BATCH = 100;

export const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

export interface Filled {
  path: string;
  /** The ids of all jobs in the file, oldest first. */
  jobIds: string[];
  /** A stored key that may submit, read and work. */
  apiKey: string;
  seconds: number;
}

/** The store as a gateway opens it. */
export function openStore(path: string): JobStore {
  return openSqliteStore(path, {
    clock,
    pid: process.pid,
    buildNumber: BUILD_NUMBER,
    maxQueueLength: 0,
    retryDelayMs: () => 1000,
    cancelGraceMs: 30_000,
    retentionMs: 30 * 24 * 60 * 60 * 1000,
  });
}

/** Makes the file `path` with `jobs` done jobs and an API key. */
export async function fill(path: string, jobs: number): Promise<Filled> {
  const startedAt = clock.monotonic();
  writeFileSync(path, '');
  const store = openStore(path);
  try {
    const apiKey = await createKey(store);
    const jobIds: string[] = [];
    while (jobIds.length < jobs) {
      const batch = Math.min(SUBMIT_BATCH, jobs - jobIds.length);
      jobIds.push(...(await submitBatch(store, jobIds.length, batch)));
      await finishAll(store, jobIds.length);
    }
    await store.checkpoint();
    return { path, jobIds, apiKey, seconds: (clock.monotonic() - startedAt) / 1000 };
  } finally {
    await store.close();
  }
}

/** A key that may submit, read and work. */
export async function createKey(store: JobStore): Promise<string> {
  const scopes: Scope[] = ['submit', 'work'];
  const wanted = { name: 'bench', tenant: TENANT, scopes, expiresAt: null };
  return (await createApiKey(store, clock, wanted)).apiKey;
}

/** Queues jobs `from` to `from + count`; their ids. */
export async function submitBatch(store: JobStore, from: number, count: number): Promise<string[]> {
  const jobs = Array.from({ length: count }, (_, index) => newJob(from + index));
  return (await store.submit(jobs)).map(({ jobId }) => jobId);
}

async function finishAll(store: JobStore, seed: number): Promise<void> {
  const request = { ...WORKER, tenant: TENANT, endpoints: [ENDPOINT], leaseSeconds: 300 };
  for (;;) {
    const claimed = await store.claim({ ...request, max: CLAIM_BATCH });
    if (claimed.length === 0) return;
    await Promise.all(claimed.map((job, index) => complete(store, job, seed + index)));
  }
}

function complete(store: JobStore, { jobId, leaseToken }: ClaimedJob, seed: number) {
  return store.complete({ tenant: TENANT, jobId, leaseToken }, JsonText.of(result(seed)));
}

/** A job with a payload of its own. */
export function newJob(index: number): NewJob {
  return {
    tenant: TENANT,
    endpoint: ENDPOINT,
    payload: JsonText.of(payload(index)),
    id: `upload-${index}`,
    priority: 0,
    runAt: null,
    maxAttempts: 3,
    maxRuntimeSeconds: 3600,
    retentionSeconds: null,
    webhookUrl: null,
    idempotency: null,
  };
}

/** What a caller asks of a media worker, about 150 bytes. */
export function payload(index: number): object {
  return {
    url: `https://media.example.com/uploads/${index}/interview-part-${index % 9}.flac`,
    language: 'es',
    want: ['duration', 'codec', 'tags'],
  };
}

/** What a media worker answers, about 400 bytes. */
function result(index: number): object {
  return {
    container: 'FLAC',
    codec: 'FLAC',
    duration_seconds: 180 + (index % 1000) / 10,
    bitrate: 901_234 + index,
    sample_rate: 44_100,
    channels: 2,
    lossless: true,
    tags: {
      title: `Entrevista número ${index}`,
      artist: 'Radio Pública',
      album: 'Conversaciones 2026',
      year: 2026,
      track: { no: index % 20, of: 20 },
      comment: 'Recorded at 44.1 kHz, edited, "final" mix',
    },
  };
}
