// worker.progress: how far the work is, shown by job.get; keeps the lease as a heartbeat does.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  claimJob,
  expectAnswer,
  post,
  refusal,
  startJob,
  submitJob,
  trpcClient,
  type Lease,
} from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock, jobOnceItIs } from '../held-clock.ts';
import { describeLeaseErrors } from './lease-errors.ts';

const clock = new HeldClock();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ clock });
});

afterAll(() => gateway.close());

const tell = (body: object) => post(gateway, 'work', 'worker/progress', body);

const complete = (lease: Lease) =>
  post(gateway, 'work', 'worker/complete', { ...lease, result: 1 });

const get = async ({ job_id }: Lease) => (await post(gateway, 'read', 'job/get', { job_id })).json;

const TOLD = { percent: 40.5, phase: 'decode', message: 'Part 2 of 5', eta_seconds: 12.5 };

describe('200', () => {
  it('is shown by job.get and jobs.list, and replaces what was told before', async () => {
    const lease = await startJob(gateway);
    expect((await get(lease)).progress).toBeNull();
    expectAnswer(await tell({ ...lease, ...TOLD }), 200, { cancel_requested: false });
    expect(await get(lease)).toMatchObject({ job_status: 'running', progress: TOLD });
    const { jobs } = (await post(gateway, 'read', 'jobs/list', { job_status: 'running' })).json;
    expect(jobs).toMatchObject([{ job_id: lease.job_id, progress: TOLD }]);
    await tell({ ...lease, percent: 41 });
    expect((await get(lease)).progress).toEqual({ percent: 41 });
    await complete(lease);
  });

  it('raises the version every time, also within a second', async () => {
    const lease = await startJob(gateway);
    const { version } = await get(lease);
    for (const percent of [1, 2, 3]) await tell({ ...lease, percent });
    expect(await get(lease)).toMatchObject({ version: version + 3, progress: { percent: 3 } });
    await complete(lease);
  });

  it('keeps the lease', async () => {
    const job_id = await submitJob(gateway);
    const lease = await claimJob(gateway, { lease_seconds: 5 });
    for (let percent = 1; percent <= 4; percent += 1) {
      clock.advance(4);
      expect((await tell({ ...lease, percent })).status).toBe(200);
    }
    clock.advance(5);
    await jobOnceItIs(gateway, job_id, 'queued');
    expect((await tell({ ...lease, percent: 99 })).json.reason).toBe('lease_lost');
    await complete(await claimJob(gateway));
  });

  it('of an attempt before is not shown for the next one', async () => {
    const lease = await startJob(gateway);
    await tell({ ...lease, percent: 90 });
    await post(gateway, 'work', 'worker/release', lease);
    const next = await claimJob(gateway);
    expect((await get(next)).progress).toBeNull();
    await complete(next);
  });

  it('over tRPC the same', async () => {
    const lease = await startJob(gateway);
    const { mutate } = trpcClient(gateway, gateway.keys.work).worker.progress;
    expect(await mutate({ ...lease, ...TOLD })).toEqual({ cancel_requested: false });
    expect((await get(lease)).progress).toEqual(TOLD);
    await complete(lease);
  });

  it('takes the edges of every bound', async () => {
    const lease = await startJob(gateway);
    const least = { percent: 0, phase: '', message: '', eta_seconds: 0 };
    const most = { percent: 100, phase: 'x'.repeat(255), message: 'x'.repeat(1000) };
    const longest = { eta_seconds: 31_536_000 };
    for (const told of [least, most, longest, {}]) {
      expect((await tell({ ...lease, ...told })).status).toBe(200);
      expect((await get(lease)).progress).toEqual(told);
    }
    await complete(lease);
  });
});

describe('400', () => {
  it.each([
    ['percent', -0.1],
    ['percent', 100.1],
    ['percent', '40'],
    ['percent', null],
    ['phase', 'x'.repeat(256)],
    ['phase', 'a\0b'],
    ['message', 'x'.repeat(1001)],
    ['message', '\ud800'],
    ['eta_seconds', -1],
    ['eta_seconds', 31_536_001],
    ['progress', { percent: 1 }],
  ])('where %s is %j', async (path, value) => {
    const lease = await startJob(gateway);
    const { status, json } = await tell({ ...lease, [path]: value });
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path });
    const { mutate } = trpcClient(gateway, gateway.keys.work).worker.progress;
    const over = await refusal(mutate({ ...lease, [path]: value }));
    expect(over).toMatchObject({ httpStatus: 400, issues: json.issues });
    expect((await get(lease)).progress).toBeNull();
    await complete(lease);
  });
});

describe('409', () => {
  describeLeaseErrors(() => gateway, 'progress', { percent: 40 });
});
