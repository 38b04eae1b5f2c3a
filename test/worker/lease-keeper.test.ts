// The lease of a running job: kept by heartbeats, lost, cancelled, and what the handler learns of it.
import { once } from 'node:events';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Clock } from '../../src/contract/clock.ts';
import { JobFailure, type Handler, type WorkerContext } from '../../src/worker/worker.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { endOf, getJob, startTestWorker, submit } from './test-worker.ts';

const ENDPOINT = '/v1/test/work';

/** The shortest there is: its heartbeats come every second. */
const LEASE_SECONDS = 5;

let gateway: TestGateway;
let lateMs: number;

/** The system's clock, put forward by `lateMs`. */
const clock: Clock = {
  now: () => Date.now() + lateMs,
  monotonic: () => performance.now() + lateMs,
};

beforeEach(async () => {
  lateMs = 0;
  gateway = await startTestGateway({ clock });
  onTestFinished(() => gateway.close());
});

function startWorker(handler: Handler) {
  const { url, keys } = gateway;
  const handlers = { [ENDPOINT]: handler };
  return startTestWorker({ url, apiKey: keys.work, handlers, leaseSeconds: LEASE_SECONDS });
}

/** Heartbeats that the store has answered. */
function spyOnHeartbeats() {
  const spy = vi.spyOn(gateway.services.store, 'heartbeat');
  const answered = async (count: number): Promise<void> => {
    await vi.waitUntil(() => spy.mock.settledResults.length >= count, { timeout: 10_000 });
  };
  return { spy, answered };
}

/** Waits for the signal, and then ends as `end` says. */
function untilAborted(end: (reason: unknown) => unknown) {
  const contexts: WorkerContext[] = [];
  const handler: Handler = async (_job, context) => {
    contexts.push(context);
    await once(context.signal, 'abort');
    return end(context.signal.reason);
  };
  return { contexts, handler };
}

describe('heartbeats', () => {
  it('keep a job longer than its lease', async () => {
    const { answered } = spyOnHeartbeats();
    const { promise, resolve } = Promise.withResolvers<string>();
    startWorker(() => promise);
    const jobId = await submit(gateway, ENDPOINT);
    for (let beat = 1; beat <= 3; beat += 1) {
      await answered(beat);
      lateMs += (LEASE_SECONDS - 2) * 1000;
      await gateway.services.store.expireLeases(10);
    }
    resolve('kept');
    expect((await endOf(gateway, jobId)).response).toMatchObject({ response: 'kept' });
    const job = await getJob(gateway, jobId);
    expect(job).toMatchObject({ attempt: 1, lost_leases: 0, fence: 1 });
    expect(job.ended_at - job.started_at).toBeGreaterThan(LEASE_SECONDS * 1000);
  });

  it('go on after some that failed', async () => {
    const { spy, answered } = spyOnHeartbeats();
    spy.mockRejectedValueOnce(new Error('not now'));
    const { promise, resolve } = Promise.withResolvers<string>();
    const { event } = startWorker(() => promise);
    const jobId = await submit(gateway, ENDPOINT);
    expect(await event('retrying')).toMatchObject({ what: 'heartbeat' });
    await answered(2);
    resolve('kept');
    expect(await endOf(gateway, jobId)).toMatchObject({ job_status: 'done' });
  });
});

describe('a lost lease', () => {
  it('aborts the handler, drops the job and frees the slot', async () => {
    const { contexts, handler } = untilAborted(() => 'a result that nobody wants');
    const { event, events } = startWorker(handler);
    const jobId = await submit(gateway, ENDPOINT);
    await event('claimed');
    lateMs += LEASE_SECONDS * 1000 + 1;
    await gateway.services.store.expireLeases(10);
    expect(await event('aborted')).toMatchObject({ jobId, reason: 'lease_lost' });
    expect(contexts[0]?.signal.reason).toMatchObject({ name: 'JobAborted', reason: 'lease_lost' });
    expect((await event('dropped')).message).toMatch(/409 The lease on this job is lost/);
    await event('claimed', 2);
    expect(await getJob(gateway, jobId)).toMatchObject({ fence: 2, lost_leases: 1, result: null });
    // Dropped once: no report of it was even tried.
    expect(events.filter(({ kind }) => kind === 'completed' || kind === 'dropped')).toHaveLength(1);
  });

  it('that the report finds drops the job too', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const { event } = startWorker((job) => (job.attempt === 1 ? promise : null));
    const jobId = await submit(gateway, ENDPOINT);
    await event('claimed');
    const ref = { tenant: 'default', jobId };
    await gateway.services.store.cancel(ref);
    lateMs += 31_000;
    await gateway.services.store.expireLeases(10);
    resolve('too late');
    expect((await event('dropped')).message).toMatch(/409/);
    expect(await endOf(gateway, jobId)).toMatchObject({ job_status: 'cancelled' });
  });
});

describe('a cancelled job', () => {
  const cancel = (jobId: string) => gateway.services.store.cancel({ tenant: 'default', jobId });

  it('aborts its handler, which may stop', async () => {
    const { contexts, handler } = untilAborted((reason) => Promise.reject(reason));
    const { event } = startWorker(handler);
    const jobId = await submit(gateway, ENDPOINT);
    await event('claimed');
    await cancel(jobId);
    expect(await event('aborted')).toMatchObject({ reason: 'cancel_requested' });
    expect(contexts[0]?.signal.reason).toMatchObject({ reason: 'cancel_requested' });
    expect(await endOf(gateway, jobId)).toMatchObject({ job_status: 'cancelled' });
    expect(await event('failed')).toMatchObject({ jobStatus: 'cancelled' });
  });

  it('is done where its handler finishes all the same', async () => {
    const { handler } = untilAborted(() => 'finished');
    const { event } = startWorker(handler);
    const jobId = await submit(gateway, ENDPOINT);
    await event('claimed');
    await cancel(jobId);
    expect((await endOf(gateway, jobId)).response).toMatchObject({ response: 'finished' });
  });
});

describe('progress', () => {
  it('is sent at once, then the latest of each second, cut to its bounds', async () => {
    const { spy, answered } = spyOnHeartbeats();
    const { promise, resolve } = Promise.withResolvers<string>();
    startWorker((_job, { progress }) => {
      for (let percent = 0; percent <= 90; percent += 10) progress({ percent, phase: 'read' });
      void answered(1).then(() => {
        progress({ percent: 95 });
        progress({ percent: 170, phase: 'write', message: 'nearly', etaSeconds: 2 });
      });
      return promise;
    });
    const jobId = await submit(gateway, ENDPOINT);
    await answered(1);
    const firstAt = performance.now();
    expect(await getJob(gateway, jobId)).toMatchObject({ progress: { percent: 90 } });
    await answered(2);
    expect(performance.now() - firstAt).toBeGreaterThan(800);
    expect(spy.mock.calls.map(([, , progress]) => progress)).toEqual([
      { percent: 90, phase: 'read' },
      { percent: 100, phase: 'write', message: 'nearly', eta_seconds: 2 },
    ]);
    resolve('done');
    expect(await endOf(gateway, jobId)).toMatchObject({ job_status: 'done' });
  });

  it('that the gateway does not take costs nothing but itself', async () => {
    const { answered } = spyOnHeartbeats();
    const { event } = startWorker(async (_job, { progress, signal }) => {
      progress({ phase: 'x'.repeat(300) });
      await answered(1);
      if (signal.aborted) throw new JobFailure('aborted', { retry: false });
      return 'done';
    });
    const jobId = await submit(gateway, ENDPOINT);
    expect((await event('progress_refused')).message).toMatch(/progress.phase/);
    expect(await endOf(gateway, jobId)).toMatchObject({ job_status: 'done' });
  });
});
