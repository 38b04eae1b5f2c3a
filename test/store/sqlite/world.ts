// A small database with a known history: what was acknowledged is kept beside it, independently.
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { JobgateError } from '../../../src/contract/errors.ts';
import { JsonText } from '../../../src/contract/json-text.ts';
import type { JobStore, JobStoreOptions, NewJob } from '../../../src/store/job-store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';

export const TENANT = 'default';
export const ENDPOINT = '/v1/media/transcribe';

/** The files a database consists of; the rest beside it is made anew. */
export const FILES = ['', '-wal', '-shm', '.sums'];

/** What was said of a job, by the ones who asked for it. */
export interface Expected {
  id: string;
  payload: string;
  status: string;
  result: string | null;
  message: string | null;
}

export type World = Map<string, Expected>;

export function storeOptions(options: Partial<JobStoreOptions> = {}): JobStoreOptions {
  return {
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    pid: 4711,
    buildNumber: '1.0.0',
    maxQueueLength: 0,
    retryDelayMs: () => 60_000,
    cancelGraceMs: 30_000,
    retentionMs: 0,
    ...options,
  };
}

export function openTestStore(path: string, options: Partial<JobStoreOptions> = {}): JobStore {
  return openSqliteStore(path, storeOptions(options));
}

export function newJob(payload: object, id: string | null = null): NewJob {
  return {
    tenant: TENANT,
    endpoint: ENDPOINT,
    payload: JsonText.of(payload),
    id,
    priority: 0,
    runAt: null,
    maxAttempts: 3,
    maxRuntimeSeconds: 3600,
    retentionSeconds: null,
    webhookUrl: 'https://hooks.example.com/',
    idempotency: null,
  };
}

/** Text that is different everywhere, so that a part of it in another place is noticed. */
function text(label: string, length: number): string {
  let out = '';
  for (let i = 0; out.length < length; i += 1) out += `${label}.${i} `;
  return out.slice(0, length);
}

/** Submits `count` jobs, a few of which have payloads of many pages. */
export async function submitSome(store: JobStore, world: World, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const id = `upload-${world.size}`;
    const payload = { text: text(id, i % 10 === 0 ? 20_000 : 200) };
    const [submitted] = await store.submit([newJob(payload, id)]);
    world.set(submitted!.jobId, {
      id,
      payload: JSON.stringify(payload),
      status: 'queued',
      result: null,
      message: null,
    });
  }
}

/** Claims `count` jobs; a third of them ends done, a third failed, a third keeps running. */
export async function workSome(store: JobStore, world: World, count: number): Promise<void> {
  const request = { tenant: TENANT, endpoints: [ENDPOINT], workerId: 'w', workerPid: 5 };
  const claimed = await store.claim({ ...request, max: count, leaseSeconds: 3600 });
  for (const [i, { jobId, leaseToken }] of claimed.entries()) {
    const expected = world.get(jobId)!;
    const holder = { tenant: TENANT, jobId, leaseToken };
    expected.status = 'running';
    if (i % 3 === 0) {
      expected.result = JSON.stringify({ said: text(`result of ${expected.id}`, 300) });
      expected.status = await store.complete(holder, new JsonText(expected.result));
      expected.message = 'success';
    } else if (i % 3 === 1) {
      expected.message = text(`reason of ${expected.id}`, 60);
      const failure = { code: 500, message: expected.message, retry: false, retryDelayMs: null };
      expected.status = await store.fail(holder, failure);
    }
  }
}

/** Sends a few of the webhooks. */
async function tellSome(store: JobStore): Promise<void> {
  await store.rotateWebhookSecret(TENANT, 'whsec_first', 60_000);
  await store.rotateWebhookSecret(TENANT, 'whsec_second', 60_000);
  const attempt = { at: 1, status: 200, error: null, durationMs: 5, excerpt: 'thanks' };
  for (const pending of await store.listPendingWebhooks('hooks.example.com', 5)) {
    await store.recordWebhookAttempt(pending, attempt, { state: 'delivered' });
  }
}

/** Copies a database as it is on the disk now: of a running one, what a kill leaves. */
export function copyDatabase(path: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const target = join(folder, 'jobgate.db');
  for (const suffix of FILES) if (existsSync(path + suffix)) cpSync(path + suffix, target + suffix);
  return target;
}

/** A store in a folder of its own, with a history half of which is still in the log. */
export async function makeWorld(
  folder: string,
): Promise<{ store: JobStore; path: string; world: World }> {
  mkdirSync(folder);
  const path = join(folder, 'jobgate.db');
  const store = openTestStore(path);
  const world: World = new Map();
  await submitSome(store, world, 60);
  await workSome(store, world, 30);
  await store.checkpoint();
  await submitSome(store, world, 20);
  await workSome(store, world, 20);
  await tellSome(store);
  return { store, path, world };
}

/** An answer, or undefined where the store says that it has none. */
async function answered<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    expect(error).toBeInstanceOf(JobgateError);
    return undefined;
  }
}

/** Every read is right, or refused. */
export async function expectTruth(store: JobStore, world: World): Promise<void> {
  for (const [jobId, expected] of world) {
    const state = await answered(
      store.findState({ tenant: TENANT, jobId }).then((found) => found ?? null),
    );
    if (state !== undefined) {
      expect(state).toMatchObject({ jobId, id: expected.id, status: expected.status });
      expect(state?.end?.result?.text ?? null).toBe(expected.result);
      expect(state?.end?.message ?? null).toBe(expected.message);
    }
    const job = await answered(
      store.find({ tenant: TENANT, jobId }).then((found) => found ?? null),
    );
    if (job !== undefined) expect(job?.payload.text).toBe(expected.payload);
  }
  const statuses = await answered(store.findStatuses(TENANT, [...world.keys()]));
  if (statuses) {
    const expected = [...world].map(([jobId, { status }]) => [jobId, status]);
    expect(Object.fromEntries(statuses)).toEqual(Object.fromEntries(expected));
  }
  const waiting = [...world.values()].filter(({ status }) => status === 'queued').length;
  expect(await store.queueLength(TENANT)).toBe(waiting);
}
