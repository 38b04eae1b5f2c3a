// A full disk: nothing is promised that is not stored, what runs can end, and it heals by itself.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, expect, it } from 'vitest';
import { JsonText } from '../../../src/contract/json-text.ts';
import type { ClaimedJob, JobStore } from '../../../src/store/job-store.ts';
import { mountSmallDisk } from '../../small-disk.ts';
import { ENDPOINT, newJob, openTestStore, TENANT } from './world.ts';

const MIB = 1024 * 1024;
const disk = mountSmallDisk(16 * MIB);

afterAll(() => disk?.remove());

const options = { reserveBytes: 2 * MIB };
const full = { code: 'unavailable', details: { retryAfterSeconds: 5 } };

/** Submits until the store refuses; resolves to the ids that were acknowledged, and why it ended. */
async function submitUntilRefused(store: JobStore): Promise<{ ids: string[]; refusal: unknown }> {
  const ids: string[] = [];
  for (let i = 0; i < 20_000; i += 1) {
    const batch = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) =>
        store.submit([newJob({ i, n, text: 'x'.repeat(2000) })]),
      ),
    );
    const refused = batch.find((answer) => answer.status === 'rejected');
    for (const answer of batch) if (answer.status === 'fulfilled') ids.push(answer.value[0]!.jobId);
    if (refused) return { ids, refusal: refused.reason };
  }
  throw new Error('the disk never filled');
}

function claim(store: JobStore, max: number): Promise<ClaimedJob[]> {
  const worker = { workerId: 'w', workerPid: 5, leaseSeconds: 3600 };
  return store.claim({ ...worker, tenant: TENANT, endpoints: [ENDPOINT], max });
}

const result = (jobId: string) => JSON.stringify({ jobId, text: 'r'.repeat(20_000) });

async function expectStored(store: JobStore, ids: string[], status?: string): Promise<void> {
  for (const jobId of ids) {
    const state = await store.findState({ tenant: TENANT, jobId });
    expect(state).toMatchObject(status === undefined ? { jobId } : { jobId, status });
    expect(state?.end?.result?.text).toBe(status === 'done' ? result(jobId) : undefined);
  }
}

it.runIf(disk)('refuses new work, records what ends, and heals', async () => {
  const { folder, fill, free } = disk!;
  const path = join(folder, 'jobgate.db');
  let store = openTestStore(path, options);
  const early = (await store.submit(Array.from({ length: 60 }, (_, i) => newJob({ i })))).map(
    ({ jobId }) => jobId,
  );
  const running = await claim(store, 40);

  fill();
  const { ids, refusal } = await submitUntilRefused(store);
  expect(refusal).toMatchObject(full);
  expect(existsSync(`${path}.reserve`)).toBe(false);

  // Nothing new, not even a claim; every read is answered.
  await expect(store.submit([newJob({})])).rejects.toMatchObject(full);
  await expect(claim(store, 1)).rejects.toMatchObject(full);
  await store.keepReserve();
  await expect(store.submit([newJob({})])).rejects.toMatchObject(full);
  await expectStored(store, [...early, ...ids]);

  // A start on the full disk serves, too, and refuses the same.
  await store.close();
  store = openTestStore(path, options);
  await expectStored(store, [...early, ...ids]);
  await expect(store.submit([newJob({})])).rejects.toMatchObject(full);

  free();
  await store.keepReserve();
  expect(existsSync(`${path}.reserve`)).toBe(true);
  const late = await store.submit([newJob({ late: true })]);

  // Full again, with no warning: the jobs that run end one by one in the room of the reserve.
  fill();
  for (const { jobId, leaseToken } of running) {
    const holder = { tenant: TENANT, jobId, leaseToken };
    await store.heartbeat(holder, null, { percent: 99 });
    expect(await store.complete(holder, new JsonText(result(jobId)))).toBe('done');
  }
  await expect(store.submit([newJob({})])).rejects.toMatchObject(full);
  expect(existsSync(`${path}.reserve`)).toBe(false);
  free();
  await store.keepReserve();
  expect(await claim(store, 5)).toHaveLength(5);

  // Stopped and started with not a byte left: the reserve is the room to start in.
  await store.close();
  fill();
  store = openTestStore(path, options);
  await expect(claim(store, 1)).rejects.toMatchObject(full);
  await expectStored(
    store,
    running.map(({ jobId }) => jobId),
    'done',
  );
  await expectStored(store, [...ids, late[0]!.jobId]);
  await store.close();
  const sqlite = new Database(path, { readonly: true });
  expect(sqlite.pragma('integrity_check', { simple: true })).toBe('ok');
  sqlite.close();
});
