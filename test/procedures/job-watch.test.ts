// job.watch: a job's events as a tRPC subscription, with their ids, to the end and not beyond.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobEvent } from '../../src/contract/job-event.ts';
import { finishJob, post, startJob, submitJob, UNKNOWN_ID } from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';
import { subscribingClient } from '../subscribing-client.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

interface Watched {
  events: { id: string; data: JobEvent }[];
  error?: unknown;
}

/** Everything up to the subscription's end; `onData` may do something meanwhile. */
function watchToEnd(
  input: object,
  key = gateway.keys.read,
  onData: (event: JobEvent) => void = () => {},
): Promise<Watched> {
  return new Promise((resolve) => {
    const events: Watched['events'] = [];
    const subscription = subscribingClient(gateway, key).job.watch.subscribe(input as never, {
      onData: (one) => {
        events.push(one);
        onData(one.data);
      },
      onComplete: () => resolve({ events }),
      onError: (error) => {
        subscription.unsubscribe();
        resolve({ events, error });
      },
    });
  });
}

describe('200', () => {
  it('every event with its id, up to the end', async () => {
    const lease = await startJob(gateway);
    const { events, error } = await watchToEnd({ job_id: lease.job_id }, undefined, ({ kind }) => {
      if (kind === 'running')
        void post(gateway, 'work', 'worker/complete', { ...lease, result: 1 });
    });
    expect(error).toBeUndefined();
    expect(events.map(({ data }) => data.kind)).toEqual(['queued', 'running', 'done']);
    expect(events.map(({ id }) => id)).toEqual(events.map(({ data }) => String(data.seq)));
  });

  it('goes on after lastEventId, and ends at once when there is nothing more', async () => {
    const { job_id } = await finishJob(gateway);
    const { events } = await watchToEnd({ job_id });
    const lastEventId = events[0]!.id;
    expect((await watchToEnd({ job_id, lastEventId })).events).toEqual(events.slice(1));
    expect(await watchToEnd({ job_id, lastEventId: events.at(-1)!.id })).toEqual({ events: [] });
  });

  it('a caller that leaves is forgotten', async () => {
    const job_id = await submitJob(gateway);
    const client = subscribingClient(gateway, gateway.keys.read);
    await new Promise<void>((resolve) => {
      const subscription = client.job.watch.subscribe(
        { job_id },
        {
          onData: () => {
            expect(gateway.services.feed.size).toBe(1);
            subscription.unsubscribe();
            resolve();
          },
        },
      );
    });
    await expect.poll(() => gateway.services.feed.size).toBe(0);
  });
});

describe('what is refused', () => {
  it.each([
    ['400', { job_id: 'mine' }, 'read', 'BAD_REQUEST'],
    [
      '400 for a lastEventId that is none',
      { job_id: UNKNOWN_ID, lastEventId: 'x' },
      'read',
      'BAD_REQUEST',
    ],
    ['403', { job_id: UNKNOWN_ID }, 'work', 'FORBIDDEN'],
    ['404', { job_id: UNKNOWN_ID }, 'read', 'NOT_FOUND'],
  ] as const)('%s', async (_what, input, scope, code) => {
    const { events, error } = await watchToEnd(input, gateway.keys[scope]);
    expect(events).toEqual([]);
    expect(error).toMatchObject({ data: { code } });
  });

  it('401 without a good key, 404 for a job of another tenant', async () => {
    const bad = await watchToEnd({ job_id: UNKNOWN_ID }, 'not a key');
    expect(bad.error).toBeInstanceOf(Error);
    expect(bad.events).toEqual([]);
    const job_id = await submitJob(gateway);
    const foreign = await createTestKey(gateway.services, 'admin', 'other');
    expect((await watchToEnd({ job_id }, foreign)).error).toMatchObject({
      data: { code: 'NOT_FOUND' },
    });
  });
});
