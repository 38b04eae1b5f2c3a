// workers.list: who is there and with which jobs, over both transports; nobody of another tenant.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  ENDPOINT,
  expectAnswer,
  post,
  refusal,
  startJob,
  submitJob,
  trpcClient,
} from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';
import { useGateway } from '../used-gateway.ts';

const PATH = '/v1/toolkit/workers/list';
const OTHER = '/v1/other';

const clock = new HeldClock();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ clock });
});

afterAll(() => gateway.close());

const ownGateway = () => useGateway({ clock });

const list = (of = gateway, body: unknown = {}) => post(of, 'read', 'workers/list', body);

const claim = (own: TestGateway, fields: object = {}) =>
  post(own, 'work', 'worker/claim', { worker_id: 'tester', endpoints: [ENDPOINT], ...fields });

describe('200', () => {
  it('of a gateway where nobody works', async () => {
    expectAnswer(await list(), 200, { workers: [] });
    expectAnswer(await list(gateway, undefined), 200, { workers: [] });
  });

  it('has who waits for work, and who has jobs, with their progress', async () => {
    const own = await ownGateway();
    await claim(own, { worker_id: 'idle', pid: 7, endpoints: [OTHER, ENDPOINT, OTHER] });
    const started_at = clock.now();
    const lease = await startJob(own);
    clock.advance(5);
    await post(own, 'work', 'worker/progress', { ...lease, percent: 40, phase: 'decode' });
    clock.advance(1);
    const second = await startJob(own, { priority: 1 });
    const expected = {
      workers: [
        {
          worker_id: 'idle',
          pid: 7,
          seen_at: started_at,
          endpoints: [OTHER, ENDPOINT],
          running: 0,
          jobs: [],
        },
        {
          worker_id: 'tester',
          pid: null,
          seen_at: clock.now(),
          endpoints: [ENDPOINT],
          running: 2,
          jobs: [
            {
              job_id: lease.job_id,
              endpoint: ENDPOINT,
              started_at,
              progress: { percent: 40, phase: 'decode' },
            },
            {
              job_id: second.job_id,
              endpoint: ENDPOINT,
              started_at: clock.now(),
              progress: null,
            },
          ],
        },
      ],
    };
    expectAnswer(await list(own), 200, expected);
    expect(await trpcClient(own, own.keys.read).workers.list.query()).toEqual(expected);
  });

  it('has 20 jobs of each at the most, and counts all', async () => {
    const own = await ownGateway();
    const jobs = Array.from({ length: 45 }, () => ({ endpoint: ENDPOINT }));
    await post(own, 'submit', 'jobs/submit', { jobs });
    await claim(own, { worker_id: 'b', max: 30 });
    await claim(own, { worker_id: 'a', max: 100 });
    const { workers } = (await list(own)).json;
    const told = workers.map((worker: any) => [
      worker.worker_id,
      worker.running,
      worker.jobs.length,
    ]);
    expect(told).toEqual([
      ['a', 15, 15],
      ['b', 30, 20],
    ]);
  });

  it('forgets who is silent for two minutes, not who has a job', async () => {
    const own = await ownGateway();
    await claim(own, { worker_id: 'idle' });
    await submitJob(own);
    await claim(own, { worker_id: 'busy', lease_seconds: 3600 });
    const ids = async () => (await list(own)).json.workers.map((worker: any) => worker.worker_id);
    clock.advance(120);
    expect(await ids()).toEqual(['busy', 'idle']);
    clock.advance(1);
    expect(await ids()).toEqual(['busy']);
  });

  it('has those that have jobs after a restart, too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jobgate-workers-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const databasePath = join(folder, 'jobgate.db');
    const before = await startTestGateway({ databasePath });
    const { job_id } = await startJob(before);
    await claim(before, { worker_id: 'idle' });
    await before.close();
    const after = await startTestGateway({ databasePath });
    onTestFinished(() => after.close());
    const { workers } = (await list(after)).json;
    const { started_at } = workers[0].jobs[0];
    const jobs = [{ job_id, endpoint: ENDPOINT, started_at, progress: null }];
    expect(workers).toEqual([
      {
        worker_id: 'tester',
        pid: null,
        seen_at: expect.closeTo(started_at, -2),
        endpoints: [ENDPOINT],
        running: 1,
        jobs,
      },
    ]);
  });

  it('has nobody of another tenant', async () => {
    const own = await ownGateway();
    await startJob(own);
    const stranger = await createTestKey(own.services, 'admin', 'stranger');
    const foreign = () => own.request('POST', PATH, { key: stranger, body: {} });
    expectAnswer(await foreign(), 200, { workers: [] });
    const body = { worker_id: 'tester', endpoints: [OTHER] };
    await own.request('POST', '/v1/toolkit/worker/claim', { key: stranger, body });
    expect((await foreign()).json.workers).toMatchObject([
      { worker_id: 'tester', endpoints: [OTHER], running: 0, jobs: [] },
    ]);
    expect((await list(own)).json.workers).toMatchObject([{ endpoints: [ENDPOINT], running: 1 }]);
  });

  it('takes any worker_id that a claim takes', async () => {
    const own = await ownGateway();
    const ids = ['__proto__', 'constructor', ' ', 'é🔑', 'x'.repeat(255), 'a\nb'];
    for (const worker_id of ids) expect((await claim(own, { worker_id })).status).toBe(200);
    const { workers } = (await list(own)).json;
    expect(workers.map((worker: any) => worker.worker_id)).toEqual(ids.toSorted());
  });
});

describe('400', () => {
  it('where there is a filter, which it does not take', async () => {
    const issues = [{ path: 'worker_id', message: 'Unknown property' }];
    const error = 'Invalid payload: worker_id: Unknown property';
    expectAnswer(await list(gateway, { worker_id: 'a' }), 400, { error, code: 400, issues });
    const call = trpcClient(gateway, gateway.keys.read).workers.list;
    expect(await refusal(call.query({ worker_id: 'a' } as never))).toMatchObject({
      httpStatus: 400,
      issues,
    });
  });
});

describe('403', () => {
  it('a key that may only work', async () => {
    expect((await post(gateway, 'work', 'workers/list', {})).status).toBe(403);
    const call = trpcClient(gateway, gateway.keys.work).workers.list.query();
    expect(await refusal(call)).toMatchObject({ httpStatus: 403 });
  });
});
