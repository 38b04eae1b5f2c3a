// The typed client at a real gateway: a job's life through it, over drops, stalls and restarts.
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createJobgateClient,
  IllegalTransitionError,
  InvalidPayloadError,
  JobCancelledError,
  JobFailedError,
  JobNotFoundError,
  UnauthorizedError,
  ForbiddenError,
  WaitTimeoutError,
  type JobChange,
  type JobgateClient,
  type JobgateClientOptions,
} from '../../src/client/client.ts';
import { temporaryFolder } from '../cli/child.ts';
import { claimJob, ENDPOINT, post, UNKNOWN_ID, type Lease } from '../clients.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../gateway.ts';
import { startProxy } from './proxy.ts';
import { until } from '../until.ts';

async function useGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway(options);
  onTestFinished(() => gateway.close());
  return gateway;
}

function clientOf(
  { url, keys }: TestGateway,
  options: Partial<JobgateClientOptions> = {},
): JobgateClient {
  return createJobgateClient({ url, apiKey: keys.submit, ...options });
}

const work = (gateway: TestGateway, verb: string, lease: Lease, fields: object = {}) =>
  post(gateway, 'work', `worker/${verb}`, { ...lease, ...fields });

/** Submits through the client and claims. */
async function begin(gateway: TestGateway, client: JobgateClient): Promise<Lease> {
  const { job_id } = await client.submit({ endpoint: ENDPOINT });
  const lease = await claimJob(gateway);
  expect(lease.job_id).toBe(job_id);
  return lease;
}

/** Every change, gathered as it comes. */
function gather(changes: AsyncIterable<JobChange>) {
  const seen: JobChange[] = [];
  const run = async (): Promise<void> => {
    for await (const change of changes) seen.push(change);
  };
  const over = run();
  return { seen, over, kinds: () => seen.map(({ kind }) => kind) };
}

describe('a job', () => {
  it('is submitted, followed and read, with its result', async () => {
    const gateway = await useGateway();
    const client = clientOf(gateway);
    const { job_id } = await client.submit({ endpoint: ENDPOINT, payload: { a: [1] }, id: 'mine' });
    expect(await client.status(job_id)).toMatchObject({ job_status: 'queued', response: null });
    const told: unknown[] = [];
    const done = client.waitFor<{ text: string }>(job_id, { onProgress: (p) => told.push(p) });
    const lease = await claimJob(gateway);
    await work(gateway, 'heartbeat', lease, { progress: { percent: 40, phase: 'decode' } });
    await work(gateway, 'complete', lease, { result: { text: 'ü' } });
    const job = await done;
    expect(job).toMatchObject({ job_status: 'done', id: 'mine', payload: { a: [1] }, code: 200 });
    expect(job.result.text).toBe('ü');
    expect(told).toEqual([{ percent: 40, phase: 'decode' }]);
    const status = await client.status<{ text: string }>(job_id);
    expect(status.response?.response?.text).toBe('ü');
    expect(await client.get(job_id)).toEqual(job);
    expect(await client.waitFor(job_id)).toEqual(job);
  });

  it('that failed or was cancelled throws, with all of it', async () => {
    const gateway = await useGateway();
    const client = clientOf(gateway);
    const lease = await begin(gateway, client);
    const failed = client.waitFor(lease.job_id);
    await work(gateway, 'fail', lease, { message: 'no codec', code: 422, retry: false });
    const error = await failed.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(JobFailedError);
    expect(error).toMatchObject({ job: { job_status: 'failed', code: 422, error: 'no codec' } });
    const { job_id } = await client.submit({ endpoint: ENDPOINT });
    const cancelled = client.waitFor(job_id);
    expect(await client.cancel(job_id)).toMatchObject({ job_status: 'cancelled' });
    await expect(cancelled).rejects.toBeInstanceOf(JobCancelledError);
  });

  it('is watched from its beginning to its end', async () => {
    const gateway = await useGateway();
    const client = clientOf(gateway);
    const lease = await begin(gateway, client);
    const { seen, over, kinds } = gather(client.watch(lease.job_id));
    await until(() => expect(kinds()).toEqual(['queued', 'running']));
    await work(gateway, 'progress', lease, { percent: 7 });
    await work(gateway, 'complete', lease, { result: 1 });
    await over;
    expect(kinds()).toEqual(['queued', 'running', 'progress', 'done']);
    expect(seen[2]?.data).toEqual({ progress: { percent: 7 } });
    expect(gateway.services.feed.size).toBe(0);
  });

  it('is listed by any other name of the router', async () => {
    const gateway = await useGateway();
    const client = clientOf(gateway);
    const { job_id } = await client.submit({ endpoint: ENDPOINT });
    const { jobs } = await client.call('jobs.list', { job_status: 'queued' });
    expect(jobs.map((job) => job.job_id)).toEqual([job_id]);
    // @ts-expect-error no such state
    const refused = client.call('jobs.list', { job_status: 'lost' });
    await expect(refused).rejects.toBeInstanceOf(InvalidPayloadError);
    // @ts-expect-error no such procedure
    await expect(client.call('jobs.lst', {})).rejects.toMatchObject({ status: 404 });
  });

  it('is waited for by its status as well, longer than a call may take', async () => {
    const gateway = await useGateway();
    const client = clientOf(gateway, { maxRequests: 1 });
    const lease = await begin(gateway, client);
    const status = client.status(lease.job_id, { waitSeconds: 55 });
    await until(() => expect(gateway.services.queue.waiting).toBe(1));
    // It takes none of the calls' places.
    expect(await client.get(lease.job_id)).toMatchObject({ job_status: 'running' });
    await work(gateway, 'complete', lease, { result: 1 });
    expect(await status).toMatchObject({ job_status: 'done' });
  });
});

describe('a wait', () => {
  it('ends with WaitTimeoutError, and the job goes on', async () => {
    const gateway = await useGateway();
    const client = clientOf(gateway);
    const { job_id } = await client.submit({ endpoint: ENDPOINT });
    const error = await client.waitFor(job_id, { timeout: 50 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WaitTimeoutError);
    expect(error).toMatchObject({ jobId: job_id, timeout: 50 });
    await until(() => expect(gateway.services.feed.size).toBe(0));
    expect(await client.status(job_id)).toMatchObject({ job_status: 'queued' });
  });

  it('ends at once with the reason of its signal, before or meanwhile', async () => {
    const gateway = await useGateway();
    const client = clientOf(gateway);
    const { job_id } = await client.submit({ endpoint: ENDPOINT });
    const reason = new Error('the user left');
    const controller = new AbortController();
    const waited = client.waitFor(job_id, { signal: controller.signal });
    const watched = gather(client.watch(job_id, { signal: controller.signal })).over;
    await until(() => expect(gateway.services.feed.size).toBe(1));
    controller.abort(reason);
    await expect(waited).rejects.toBe(reason);
    await expect(watched).rejects.toBe(reason);
    await expect(client.waitFor(job_id, { signal: controller.signal })).rejects.toBe(reason);
    await until(() => expect(gateway.services.feed.size).toBe(0));
  });

  it('passes on what onProgress throws', async () => {
    const gateway = await useGateway();
    const client = clientOf(gateway);
    const lease = await begin(gateway, client);
    const defect = new Error('a defect of the page');
    const onProgress = () => {
      throw defect;
    };
    const waited = client.waitFor(lease.job_id, { onProgress }).catch((reason: unknown) => reason);
    await work(gateway, 'progress', lease, { percent: 1 });
    expect(await waited).toBe(defect);
  });
});

describe('a network that drops', () => {
  it('costs no event: the stream goes on after the last one', async () => {
    const gateway = await useGateway();
    const proxy = await startProxy(gateway.url);
    const client = clientOf(gateway, { url: proxy.url });
    const lease = await begin(gateway, client);
    const { over, kinds } = gather(client.watch(lease.job_id));
    await until(() => expect(kinds()).toEqual(['queued', 'running']));
    proxy.refuse();
    proxy.drop();
    await work(gateway, 'progress', lease, { percent: 1 });
    proxy.accept();
    await until(() => expect(kinds()).toEqual(['queued', 'running', 'progress']));
    proxy.drop();
    await work(gateway, 'complete', lease, { result: 1 });
    await over;
    expect(kinds()).toEqual(['queued', 'running', 'progress', 'done']);
  });

  it('makes no second job of a submission whose answer was lost', async () => {
    const gateway = await useGateway();
    const proxy = await startProxy(gateway.url);
    const client = clientOf(gateway, { url: proxy.url });
    proxy.holdBack(/job\/submit/);
    const submitted = client.submit({ endpoint: ENDPOINT });
    const count = async () => (await gateway.services.store.queueLength('default')) === 1;
    await expect.poll(count, { interval: 5 }).toBe(true);
    proxy.holdBack(/nothing/);
    proxy.drop();
    const { job_id } = await submitted;
    expect((await client.call('jobs.list', {})).jobs.map((job) => job.job_id)).toEqual([job_id]);
  });
});

describe('a gateway that restarts', () => {
  it('is waited for, and the job goes on', async () => {
    const databasePath = join(temporaryFolder(), 'jobgate.db');
    const before = await startTestGateway({ databasePath });
    const port = Number(new URL(before.url).port);
    const client = clientOf(before);
    const lease = await begin(before, client);
    const done = client.waitFor(lease.job_id);
    const { over, kinds } = gather(client.watch(lease.job_id));
    await until(() => expect(kinds()).toEqual(['queued', 'running']));
    await before.close();
    const after = await useGateway({ databasePath, port });
    await work(after, 'complete', lease, { result: 'late' });
    expect(await done).toMatchObject({ result: 'late' });
    await over;
    expect(kinds()).toEqual(['queued', 'running', 'done']);
  });
});

describe('an error', () => {
  it('is of a class of its own, and never shows the key', async () => {
    const gateway = await useGateway();
    const client = clientOf(gateway);
    const { job_id } = await client.submit({ endpoint: ENDPOINT });
    const reader = clientOf(gateway, { apiKey: gateway.keys.read });
    const stranger = clientOf(gateway, { apiKey: 'jg_nobody' });
    const calls: [() => Promise<unknown>, new (...args: never[]) => Error, object][] = [
      [() => client.get(UNKNOWN_ID), JobNotFoundError, { status: 404, jobId: UNKNOWN_ID }],
      [() => client.waitFor(UNKNOWN_ID), JobNotFoundError, { status: 404 }],
      [() => client.get('mine'), InvalidPayloadError, { issues: [{ path: 'job_id' }] }],
      [() => client.waitFor('a b&c'), InvalidPayloadError, { issues: [{ path: 'job_id' }] }],
      [() => client.call('job.retry', { job_id }), IllegalTransitionError, { jobStatus: 'queued' }],
      [() => reader.submit({ endpoint: ENDPOINT }), ForbiddenError, { status: 403 }],
      [() => stranger.status(job_id), UnauthorizedError, { status: 401 }],
      [() => stranger.waitFor(job_id), UnauthorizedError, { status: 401 }],
    ];
    for (const [call, Class, fields] of calls) {
      const error = await call().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Class);
      expect(error).toMatchObject({ name: Class.name, ...fields });
      expect(JSON.stringify(error) + String(error)).not.toContain('jg_');
    }
  });
});
