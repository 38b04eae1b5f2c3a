// The newest of many sources: the right rows, without reading all that there are.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { mergeNewest } from '../../../src/store/sqlite/merge-newest.ts';
import { newJob, openTestStore, TENANT } from './world.ts';

const BY_TIME = { timeOf: (at: number) => at, byNewest: (a: number, b: number) => b - a };

/** Rows `first`, `first + step`, … below `end`, newest first, as an index gives them. */
function source(
  first: number,
  step: number,
  end: number,
  limit: number,
  onRead: (n: number) => void,
) {
  const all: number[] = [];
  for (let at = first; at < end; at += step) all.unshift(at);
  return (since: number) => {
    const rows = all.filter((at) => at >= since).slice(0, limit);
    onRead(rows.length);
    return rows;
  };
}

it('of a thousand sources little more is read than their newest rows', () => {
  const limit = 50;
  let rowsRead = 0;
  const sources = Array.from({ length: 1000 }, (_, i) =>
    source(i, 1000, 100_000, limit, (n) => (rowsRead += n)),
  );
  const newest = mergeNewest(sources, { ...BY_TIME, since: 0, limit });
  expect(newest).toEqual(Array.from({ length: limit }, (_, i) => 99_999 - i));
  // Of 50,000 that they would give; each is newer than the one before.
  expect(rowsRead).toBeLessThan(2000);
});

it('nothing from before `since` counts, and fewer than are wanted are all of them', () => {
  const sources = [3, 1, 2].map((first) => source(first, 10, 100, 10, () => undefined));
  const newest = mergeNewest(sources, { ...BY_TIME, since: 82, limit: 10 });
  expect(newest).toEqual([93, 92, 91, 83, 82]);
  expect(mergeNewest([], { ...BY_TIME, since: 0, limit: 10 })).toEqual([]);
});

it('jobs of many endpoints are listed, and told as changed, as if there were one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-merge-'));
  let now = 1_000_000;
  const clock = { now: () => now, monotonic: () => now };
  const store = openTestStore(join(folder, 'test.db'), { clock });
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const ENDPOINTS = 15;
  const endpointOf = (i: number) => `/v1/e${(i * 7) % ENDPOINTS}`;
  const jobIds: string[] = [];
  for (let i = 0; i < 120; i += 1) {
    now += 1;
    const [made] = await store.submit([{ ...newJob({ i }), endpoint: endpointOf(i) }]);
    jobIds.push(made!.jobId);
  }
  const newestFirst = jobIds.toReversed();
  const none = { id: null, search: null, status: null, endpoint: null, since: null, until: null };
  const all = { tenant: TENANT, ...none };
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await store.listIds({ ...all, limit: 9, cursor });
    seen.push(...page.jobIds);
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(seen).toEqual(newestFirst);

  // Those of one endpoint go to a worker and come back.
  const endpoints = [endpointOf(3)];
  const worker = { tenant: TENANT, endpoints, workerId: 'w', workerPid: 1, leaseSeconds: 60 };
  const claimed = await store.claim({ ...worker, max: 4 });
  for (const { jobId, leaseToken } of claimed) {
    now += 1;
    await store.release({ tenant: TENANT, jobId, leaseToken });
  }
  const back = claimed.map(({ jobId }) => jobId).toReversed();
  const latest = [...back, ...newestFirst.filter((jobId) => !back.includes(jobId))];
  for (const limit of [1, 5, 10, 100, 500]) {
    const changed = await store.listChangedSince(TENANT, 0, limit);
    expect([...changed.keys()]).toEqual(latest.slice(0, limit));
  }
});
