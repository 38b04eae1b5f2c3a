// jobs.watch: the events of a tenant's jobs as a tRPC subscription, filtered, resumable, no others.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobEvent } from '../../src/contract/job-event.ts';
import { claimJob, ENDPOINT, finishJob, post, submitJob } from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';
import { subscribingClient } from '../subscribing-client.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

/** The first events up to the one that `isEnough`. */
function watchUntil(
  input: object,
  isEnough: (event: JobEvent) => boolean,
  key = gateway.keys.read,
  onStarted: () => void = () => {},
): Promise<JobEvent[]> {
  return new Promise((resolve, reject) => {
    const events: JobEvent[] = [];
    const subscription = subscribingClient(gateway, key).jobs.watch.subscribe(input, {
      onStarted,
      onData: ({ data }) => {
        events.push(data);
        if (!isEnough(data)) return;
        subscription.unsubscribe();
        resolve(events);
      },
      onError: (error) => {
        subscription.unsubscribe();
        reject(error);
      },
    });
  });
}

const isDone = ({ kind }: JobEvent) => kind === 'done';
const isCancelled = ({ kind }: JobEvent) => kind === 'cancelled';

describe('200', () => {
  it('everything from now on, of all jobs', async () => {
    const before = await submitJob(gateway, { endpoint: '/v1/media/other' });
    const events = await watchUntil({}, isDone, undefined, () => void finishJob(gateway));
    expect(events.map(({ kind }) => kind)).toEqual(['queued', 'running', 'done']);
    expect(events.every(({ job_id }) => job_id !== before)).toBe(true);
  });

  it('everything after lastEventId, over more than one page', async () => {
    const lastEventId = await gateway.services.store.lastEventSeq();
    const jobs = Array.from({ length: 300 }, () => ({ endpoint: ENDPOINT, delay_seconds: 600 }));
    const { json } = await post(gateway, 'submit', 'jobs/submit', { jobs });
    const last = json.jobs.at(-1).job_id;
    await post(gateway, 'submit', 'job/cancel', { job_id: last });
    const events = await watchUntil({ lastEventId }, isCancelled);
    expect(events).toHaveLength(301);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => lastEventId + 1 + n));
  });

  it('a job that is removed, while it is followed', async () => {
    const { job_id } = await finishJob(gateway);
    const remove = () => void post(gateway, 'submit', 'job/delete', { job_id });
    const [event] = await watchUntil({}, () => true, undefined, remove);
    expect(event).toMatchObject({ job_id, kind: 'deleted', job_status: 'done' });
    const resumed = watchUntil(
      { lastEventId: event!.seq },
      () => true,
      undefined,
      () => {
        void submitJob(gateway);
      },
    );
    expect(await resumed).toMatchObject([{ kind: 'queued', seq: event!.seq + 1 }]);
    await claimJob(gateway);
  });

  it('from now on after an id that was never given out', async () => {
    const begin = () => void submitJob(gateway);
    const [event] = await watchUntil({ lastEventId: 1e12 }, () => true, undefined, begin);
    expect(event).toMatchObject({
      kind: 'queued',
      seq: await gateway.services.store.lastEventSeq(),
    });
    await claimJob(gateway);
  });

  it('of one endpoint and one state only', async () => {
    const lastEventId = String(await gateway.services.store.lastEventSeq());
    const endpoint = '/v1/media/convert';
    const other = await submitJob(gateway);
    const wanted = await submitJob(gateway, { endpoint });
    for (const job_id of [other, wanted]) await post(gateway, 'submit', 'job/cancel', { job_id });
    const filter = { endpoint, job_status: 'cancelled', lastEventId };
    const events = await watchUntil(filter, isCancelled);
    expect(events).toMatchObject([{ job_id: wanted, kind: 'cancelled' }]);
  });

  it('of the own tenant only', async () => {
    const foreign = await createTestKey(gateway.services, 'admin', 'other');
    const lastEventId = await gateway.services.store.lastEventSeq();
    await finishJob(gateway);
    const own = await gateway.request('POST', '/v1/toolkit/job/submit', {
      key: foreign,
      body: { endpoint: ENDPOINT },
    });
    const events = await watchUntil({ lastEventId }, () => true, foreign);
    expect(events).toMatchObject([{ job_id: own.json.job_id, kind: 'queued' }]);
  });
});

describe('what is refused', () => {
  it.each([
    ['400', { endpoint: 'no path' }, 'read', 'BAD_REQUEST'],
    ['400 for what it does not know', { since: 1 }, 'read', 'BAD_REQUEST'],
    ['403', {}, 'work', 'FORBIDDEN'],
  ] as const)('%s', async (_what, input, scope, code) => {
    const refused = watchUntil(input, () => true, gateway.keys[scope]);
    await expect(refused).rejects.toMatchObject({ data: { code } });
  });
});
