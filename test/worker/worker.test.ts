// The worker on a real gateway: jobs done, failed, retried, side by side, over restarts and stops.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  createWorker,
  JobFailure,
  type JobAborted,
  type WorkerContext,
  type WorkerOptions,
} from '../../src/worker/worker.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../gateway.ts';
import { endOf, getJob, startTestWorker, submit } from './test-worker.ts';

const ENDPOINT = '/v1/test/work';

let gateway: TestGateway;

async function useGateway(options: TestGatewayOptions = {}): Promise<void> {
  gateway = await startTestGateway(options);
  onTestFinished(() => gateway.close());
}

function startWorker(handler: WorkerOptions['handlers'][string], options = {}) {
  const { url, keys } = gateway;
  return startTestWorker({ url, apiKey: keys.work, handlers: { [ENDPOINT]: handler }, ...options });
}

/** A handler that reports when it runs and goes on when it is let. */
function gate() {
  const running = Promise.withResolvers<WorkerContext>();
  const open = Promise.withResolvers<unknown>();
  const handler = async (_job: unknown, context: WorkerContext) => {
    running.resolve(context);
    return open.promise;
  };
  return { handler, running: running.promise, open: open.resolve };
}

/** Settles with the reason the signal was aborted for. */
async function untilAborted({ signal }: WorkerContext): Promise<JobAborted> {
  if (!signal.aborted) await once(signal, 'abort');
  return signal.reason as JobAborted;
}

describe('a job', () => {
  beforeEach(() => useGateway());

  it('is given to its handler, and what that returns is its result', async () => {
    const seen: unknown[] = [];
    const { event } = startWorker((job, { attempt }) => {
      seen.push(job, attempt);
      return { text: 'ü', list: [1, null] };
    });
    const jobId = await submit(gateway, ENDPOINT, { id: 'mine', payload: { a: [1] } });
    expect(await endOf(gateway, jobId)).toMatchObject({
      job_status: 'done',
      process_id: process.pid,
      response: { code: 200, id: 'mine', response: { text: 'ü', list: [1, null] } },
    });
    expect(seen).toEqual([
      {
        jobId,
        id: 'mine',
        endpoint: ENDPOINT,
        payload: { a: [1] },
        attempt: 1,
        maxAttempts: 3,
        deadlineAt: expect.any(Number),
      },
      1,
    ]);
    expect(await event('completed')).toMatchObject({
      jobId,
      endpoint: ENDPOINT,
      jobStatus: 'done',
    });
  });

  it('has the result null when the handler returns nothing', async () => {
    startWorker(() => {});
    const end = await endOf(gateway, await submit(gateway, ENDPOINT));
    expect(end).toMatchObject({ job_status: 'done', response: { code: 200, response: null } });
  });

  it('of an endpoint without a handler stays queued', async () => {
    const { event } = startWorker(() => 'done');
    const other = await submit(gateway, '/v1/test/other');
    await submit(gateway, ENDPOINT);
    await event('completed');
    expect(await getJob(gateway, other)).toMatchObject({ job_status: 'queued', fence: 0 });
  });
});

describe('a handler that throws', () => {
  beforeEach(() => useGateway());

  it('fails the attempt with its message, and the job is tried again', async () => {
    const { event } = startWorker((job) => {
      if (job.attempt === 1) throw new JobFailure('not yet', { retryDelaySeconds: 0 });
      return `attempt ${job.attempt}`;
    });
    const jobId = await submit(gateway, ENDPOINT);
    expect(await event('failed')).toMatchObject({ jobStatus: 'queued', message: 'not yet' });
    expect(await endOf(gateway, jobId)).toMatchObject({
      job_status: 'done',
      response: { response: 'attempt 2' },
    });
  });

  it('makes the job wait for its next attempt unless it chose a delay', async () => {
    const { event } = startWorker(() => Promise.reject(new TypeError('a defect')));
    const jobId = await submit(gateway, ENDPOINT);
    await event('failed');
    const job = await getJob(gateway, jobId);
    expect(job).toMatchObject({ job_status: 'queued', attempt: 2 });
    expect(job.run_at).toBeGreaterThan(job.created_at + 4000);
    expect(job.attempts).toMatchObject([{ outcome: 'failed', message: 'a defect' }]);
  });

  it.each([
    ['a JobFailure', () => new JobFailure('no such codec', { code: 422, retry: false }), 422],
    ['a JobFailure of another copy of the package', otherCopy, 422],
  ])('%s with retry: false ends the job', async (_what, makeError, code) => {
    startWorker(() => Promise.reject(makeError()));
    const end = await endOf(gateway, await submit(gateway, ENDPOINT));
    expect(end).toMatchObject({
      job_status: 'failed',
      response: { code, message: 'no such codec', response: null },
    });
  });

  function otherCopy(): Error {
    const fields = { name: 'JobFailure', code: 422, retry: false };
    return Object.assign(new Error('no such codec'), fields);
  }

  it.each([
    ['a string', 'broken', 'broken'],
    ['an error without a message', new RangeError(), 'RangeError'],
    ['undefined', undefined, 'The handler threw a undefined'],
    ['a message that cannot be stored', new Error('a\0b\ud800'), 'a\ufffdb\ufffd'],
    ['a very long message', new Error('x'.repeat(20_000)), 'x'.repeat(2000)],
  ])('%s fails the attempt all the same', async (_what, thrown, message) => {
    startWorker(() => Promise.reject(thrown));
    const end = await endOf(gateway, await submit(gateway, ENDPOINT, { max_attempts: 1 }));
    expect(end).toMatchObject({ job_status: 'failed', response: { code: 500, message } });
  });
});

describe('a result that cannot be taken', () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;

  it.each([
    ['a BigInt', 1n, /cannot be written as JSON: .*BigInt/],
    ['a circle', circular, /cannot be written as JSON: .*circular/],
    ['a function', () => 1, /cannot be written as JSON: it is a function/],
    ['nested too deep', nested(600), /was refused: .*deep/],
  ])('%s fails the job for good', async (_what, result, message) => {
    await useGateway();
    startWorker(() => result);
    const end = await endOf(gateway, await submit(gateway, ENDPOINT));
    expect(end).toMatchObject({ job_status: 'failed', response: { code: 500 } });
    expect(end.response.message).toMatch(message);
  });

  it('over MAX_RESULT_BYTES fails the job with 413, and the worker goes on', async () => {
    await useGateway({ maxResultBytes: 2048 });
    startWorker((job) => 'x'.repeat(Number(job.payload['size'])));
    const large = await submit(gateway, ENDPOINT, { payload: { size: 5000 } });
    const small = await submit(gateway, ENDPOINT, { payload: { size: 50 } });
    const end = await endOf(gateway, large);
    expect(end).toMatchObject({ job_status: 'failed', response: { code: 413 } });
    expect(end.response.message).toMatch(/^The result was refused: /);
    expect(await endOf(gateway, small)).toMatchObject({ job_status: 'done' });
  });

  function nested(depth: number): unknown {
    let value: unknown = 0;
    for (let level = 0; level < depth; level += 1) value = [value];
    return value;
  }
});

describe('concurrency', () => {
  beforeEach(() => useGateway());

  it('is never exceeded, and used in full', async () => {
    let now = 0;
    let most = 0;
    const full = Promise.withResolvers<void>();
    const { event } = startWorker(
      async () => {
        now += 1;
        most = Math.max(most, now);
        if (now === 3) full.resolve();
        await full.promise;
        await new Promise((resolve) => setTimeout(resolve, 15));
        now -= 1;
      },
      { concurrency: 3 },
    );
    await Promise.all(Array.from({ length: 20 }, () => submit(gateway, ENDPOINT)));
    await event('completed', 20);
    expect(most).toBe(3);
  });

  it('claims for exactly the free slots', async () => {
    const claim = vi.spyOn(gateway.services.store, 'claim');
    const { handler, running, open } = gate();
    startWorker(handler, { concurrency: 2 });
    await submit(gateway, ENDPOINT);
    await running;
    await vi.waitFor(() => expect(claim.mock.lastCall?.[0].max).toBe(1));
    expect(claim.mock.calls[0]?.[0].max).toBe(2);
    open(null);
  });
});

describe('a gateway that is away', () => {
  function temporaryDatabase(): string {
    const folder = mkdtempSync(join(tmpdir(), 'jobgate-worker-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return join(folder, 'jobgate.db');
  }

  it('gets the result of a job that ended meanwhile, once it is back', async () => {
    const databasePath = temporaryDatabase();
    const first = await startTestGateway({ databasePath });
    gateway = first;
    const { handler, running, open } = gate();
    const { event } = startWorker(handler);
    const jobId = await submit(first, ENDPOINT);
    await running;
    await first.close();
    open('made while it was away');
    expect(await event('retrying')).toMatchObject({
      what: 'report',
      message: expect.stringMatching(/does not answer: ECONN/),
    });
    await useGateway({ databasePath, port: Number(new URL(first.url).port) });
    const end = await endOf(gateway, jobId);
    expect(end.response).toMatchObject({ code: 200, response: 'made while it was away' });
    const later = await submit(gateway, ENDPOINT);
    expect(await endOf(gateway, later)).toMatchObject({ job_status: 'done' });
  });

  it('is asked for jobs again once it is back', async () => {
    const databasePath = temporaryDatabase();
    const first = await startTestGateway({ databasePath });
    gateway = first;
    const { event } = startWorker(() => 'ok');
    await event('started');
    await first.close();
    expect(await event('retrying')).toMatchObject({ what: 'claim' });
    await useGateway({ databasePath, port: Number(new URL(first.url).port) });
    const jobId = await submit(gateway, ENDPOINT);
    expect(await endOf(gateway, jobId)).toMatchObject({ job_status: 'done' });
    await event('reconnected');
  });

  it('that is too busy is asked again when it said', async () => {
    await useGateway({ maxWaiters: 1 });
    const waiting = endOf(gateway, await submit(gateway, '/v1/test/other'));
    await vi.waitFor(async () => {
      const body = { job_id: await submit(gateway, '/v1/test/other'), wait_seconds: 1 };
      const key = gateway.keys.read;
      const { status } = await gateway.request('POST', '/v1/toolkit/job/status', { key, body });
      expect(status).toBe(429);
    });
    const { event, worker } = startWorker(() => 'ok');
    const { inMs, message } = await event('retrying');
    expect(message).toMatch(/429 MAX_WAITERS/);
    expect(inMs).toBeGreaterThan(2000);
    await worker.stop();
    await gateway.services.queue.stop();
    await waiting;
  });
});

describe('stop', () => {
  beforeEach(() => useGateway());

  it('while it waits for work is done at once', async () => {
    const claim = vi.spyOn(gateway.services.queue, 'claim');
    const { worker, ended, events } = startWorker(() => 'ok');
    await vi.waitFor(() => expect(claim).toHaveBeenCalled());
    await worker.stop();
    expect(await ended).toBeUndefined();
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'stopping', 'stopped']);
    const jobId = await submit(gateway, ENDPOINT);
    expect(await getJob(gateway, jobId)).toMatchObject({ job_status: 'queued', fence: 0 });
  });

  it('aborts the handlers and hands their jobs back, without burning an attempt', async () => {
    const context = Promise.withResolvers<WorkerContext>();
    const { worker, ended } = startWorker(async (_job, given) => {
      context.resolve(given);
      throw await untilAborted(given);
    });
    const jobId = await submit(gateway, ENDPOINT);
    const { signal } = await context.promise;
    await worker.stop();
    expect(await ended).toBeUndefined();
    expect(signal.reason).toMatchObject({ name: 'JobAborted', reason: 'stopping' });
    const job = await getJob(gateway, jobId);
    expect(job).toMatchObject({ job_status: 'queued', attempt: 1, lost_leases: 0 });
    expect(job.attempts).toMatchObject([{ outcome: 'released' }]);
  });

  it('lets a handler finish within the grace', async () => {
    const { handler, running, open } = gate();
    const { worker } = startWorker(handler, { stopGraceSeconds: 10 });
    const jobId = await submit(gateway, ENDPOINT);
    void running.then(untilAborted).then(() => open('just in time'));
    await running;
    await worker.stop();
    expect((await endOf(gateway, jobId)).response).toMatchObject({ response: 'just in time' });
  });

  it('does not wait for a handler that does not heed its signal', async () => {
    const { handler, running, open } = gate();
    const { worker, event } = startWorker(handler, { stopGraceSeconds: 0.05 });
    const jobId = await submit(gateway, ENDPOINT);
    await running;
    await worker.stop();
    expect(await event('released')).toMatchObject({ jobId, jobStatus: 'queued' });
    expect(worker.running).toBe(1);
    open('too late');
    expect(await getJob(gateway, jobId)).toMatchObject({ job_status: 'queued' });
  });

  it('ends though the gateway does not take the job back', async () => {
    const { handler, running } = gate();
    const { worker, event } = startWorker(handler, { stopGraceSeconds: 0 });
    await submit(gateway, ENDPOINT);
    await running;
    const { services } = gateway;
    vi.spyOn(services.store, 'release').mockRejectedValue(new Error('the disk is gone'));
    await worker.stop();
    expect((await event('dropped')).message).toMatch(/^The gateway answered 500/);
  });
});

describe('a gateway that refuses the worker', () => {
  beforeEach(() => useGateway());

  it.each([
    ['a bad key', () => 'jg_no_such_key', 401, /gives this worker no jobs: .*key.*401/],
    ['a key without the scope', () => gateway.keys.submit, 403, /needs the scope "work"/],
  ])('%s stops it with a clear error', async (_what, apiKey, status, message) => {
    const claim = vi.spyOn(gateway.services.queue, 'claim');
    const { ended, events } = startWorker(() => 'ok', { apiKey: apiKey() });
    const error = await ended;
    expect(error).toMatchObject({ name: 'GatewayError', status });
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain(apiKey());
    expect(events.at(-1)).toEqual({ kind: 'stopped', error });
    expect(claim).not.toHaveBeenCalled();
  });

  it('an address that is no gateway stops it as well', async () => {
    const { ended } = startWorker(() => 'ok', { url: `${gateway.url}/elsewhere/` });
    expect((await ended)?.message).toMatch(/no gateway answers at this address \(.*404/);
  });
});

describe('createWorker', () => {
  const good: WorkerOptions = {
    url: 'http://127.0.0.1:1',
    apiKey: 'key',
    handlers: { [ENDPOINT]: () => null },
  };

  it.each<[Partial<Record<keyof WorkerOptions, unknown>>, RegExp]>([
    [{ url: 'localhost:8080' }, /url must be an http or https address/],
    [{ apiKey: '' }, /apiKey must be/],
    [{ apiKey: 'secret\nkey' }, /^apiKey must be visible ASCII characters without spaces$/],
    [{ handlers: {} }, /at least one endpoint/],
    [{ handlers: { 'v1/x': () => null } }, /"v1\/x" must be a path/],
    [{ handlers: { '/v1/x': 1 } }, /"\/v1\/x" is not a function/],
    [{ concurrency: 0 }, /concurrency must be a whole number from 1 to 100/],
    [{ concurrency: 101 }, /concurrency must be/],
    [{ leaseSeconds: 4 }, /leaseSeconds must be a whole number from 5 to 3600/],
    [{ stopGraceSeconds: -1 }, /stopGraceSeconds must be 0 or more/],
  ])('refuses %j', (bad, message) => {
    expect(() => createWorker({ ...good, ...bad } as WorkerOptions)).toThrow(message);
  });
});
