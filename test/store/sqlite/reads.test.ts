// The reads: from an index, verified by checksum, and without writing a byte.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { JsonText } from '../../../src/contract/json-text.ts';
import type { JobStore, LeaseHolder } from '../../../src/store/job-store.ts';
import { plansOf } from './query-plans.ts';
import { ENDPOINT, newJob, openTestStore, TENANT } from './world.ts';

async function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-reads-'));
  const path = join(folder, 'jobgate.db');
  const store = openTestStore(path);
  const raw = new Database(path);
  onTestFinished(async () => {
    raw.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { path, store, raw };
}

async function claimOne(store: JobStore): Promise<LeaseHolder> {
  const [claimed] = await store.claim({
    tenant: TENANT,
    endpoints: [ENDPOINT],
    workerId: 'w',
    workerPid: 1,
    max: 1,
    leaseSeconds: 30,
  });
  return { ...claimed!, tenant: TENANT };
}

async function doneJob(store: JobStore): Promise<LeaseHolder> {
  await store.submit([newJob({ secret: 'original' })]);
  const holder = await claimOne(store);
  await store.complete(holder, new JsonText('"original"'));
  return holder;
}

const damaged = { code: 'internal', message: expect.stringMatching(/damaged/) };

it('change no byte of the database or its log', async () => {
  const { path, store } = await setUp();
  const refs = [await doneJob(store), await doneJob(store)];
  const nobody = { tenant: TENANT, jobId: '01936d5c-0000-7000-8000-000000000000' };
  const bytes = () =>
    ['', '-wal'].map((suffix) =>
      createHash('sha256')
        .update(readFileSync(path + suffix))
        .digest('hex'),
    );
  const before = bytes();
  for (let i = 0; i < 1000; i += 1) {
    const ref = refs[i % 2]!;
    expect((await store.findState(ref))?.status).toBe('done');
    await store.findState(nobody);
    await store.find(ref);
    await store.listAttempts(ref);
  }
  await store.countByStatus(TENANT);
  await store.listChangedSince(TENANT, 0, 10);
  await store.findStatuses(TENANT, [refs[0]!.jobId]);
  await store.queuePosition(refs[0]!);
  await store.findKey('none');
  expect(bytes()).toEqual(before);
});

it('a damaged result is never served', async () => {
  const { store, raw } = await setUp();
  const holder = await doneJob(store);
  raw.exec(`update jobs set result = '"0riginal"'`);
  await expect(store.findState(holder)).rejects.toMatchObject(damaged);
  await expect(store.find(holder)).rejects.toMatchObject(damaged);
  raw.exec(`update jobs set result = '"original"'`);
  expect((await store.findState(holder))?.end?.result?.text).toBe('"original"');
});

it('a damaged checksum is no licence', async () => {
  const { store, raw } = await setUp();
  const holder = await doneJob(store);
  raw.exec('update jobs set result_crc = result_crc + 1');
  await expect(store.findState(holder)).rejects.toMatchObject(damaged);
});

it('a damaged payload is never served', async () => {
  const { store, raw } = await setUp();
  const holder = await doneJob(store);
  raw.exec(`update job_payloads set payload = '{"secret":"0riginal"}'`);
  await expect(store.find(holder)).rejects.toMatchObject(damaged);
  expect((await store.findState(holder))?.status).toBe('done');
});

it.each([
  ['damaged', `update job_payloads set payload = '{}' where seq = 1`],
  ['lost', 'delete from job_payloads where seq = 1'],
])('a job whose payload is %s is failed, and stands in nobody’s way', async (_name, sql) => {
  const { store, raw } = await setUp();
  const [bad, good] = await store.submit([newJob({ a: 1 }), newJob({ a: 2 })]);
  raw.exec(sql);
  const request = { tenant: TENANT, endpoints: [ENDPOINT], workerId: 'w', workerPid: 1 };
  const claimed = [];
  for (let i = 0; i < 2; i += 1) {
    claimed.push(...(await store.claim({ ...request, max: 1, leaseSeconds: 30 })));
  }
  expect(claimed.map(({ jobId }) => jobId)).toEqual([good!.jobId]);
  expect(claimed[0]?.payload.text).toBe('{"a":2}');
  const state = await store.findState({ tenant: TENANT, jobId: bad!.jobId });
  expect(state).toMatchObject({ status: 'failed', end: { code: 500 } });
  expect(state?.end?.message).toMatch(/payload of this job is damaged/);
  expect(await store.queueLength(TENANT)).toBe(0);
});

it('an unknown state is damage, too', async () => {
  const { store, raw } = await setUp();
  const holder = await doneJob(store);
  raw.pragma('ignore_check_constraints = ON');
  raw.exec(`update jobs set status = 'dome'`);
  await expect(store.findState(holder)).rejects.toMatchObject(damaged);
});

it('the status is found by the index of the id', async () => {
  const plans = await plansOf('select');
  const states = plans.filter(({ sql }) => /end_message.*"result".*from "jobs" where/.test(sql));
  expect(states.length).toBeGreaterThan(0);
  for (const { steps } of states) {
    expect(steps).toEqual(['SEARCH jobs USING INDEX jobs_job_id (job_id=?)']);
  }
});

it.each(['select', 'update', 'delete'] as const)('no %s reads all jobs', async (verb) => {
  const plans = await plansOf(verb);
  const scans = plans.filter(({ steps }) =>
    steps.some((step) => /^SCAN (jobs|events|attempts|job_payloads)( |$)(?!USING)/.test(step)),
  );
  expect(plans.length).toBeGreaterThan(0);
  expect(scans).toEqual([]);
});
