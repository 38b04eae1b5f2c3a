// The queue: waits end with what is waited for, none is forgotten, and nobody waits for ever.
import { describe, expect, it, onTestFinished } from 'vitest';
import { JsonText } from '../../src/contract/json-text.ts';
import { Queue } from '../../src/queue/queue.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { claimRequest, ENDPOINT, queueStore, TENANT } from './queue-store.ts';

const RESULT = new JsonText('1');

interface Given {
  maxWaiters?: number;
  /** Verbs of the store that are other ones. */
  verbs?: Partial<JobStore>;
}

function setUp({ maxWaiters = 20_000, verbs = {} }: Given = {}) {
  const real = queueStore();
  const store: JobStore = { ...real.store, ...verbs };
  const fail = (error: unknown) => {
    throw error;
  };
  const queue = new Queue({ store, clock: real.clock, maxWaiters, onError: fail });
  queue.start();
  onTestFinished(() => queue.stop());
  return { ...real, queue };
}

/** Long enough for the parking that a call does before it waits: two reads or commits. */
async function untilParked(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('waiting for an end', () => {
  it('is answered at once without a wait, and for a job that has ended', async () => {
    const { queue, submit, claimOne, store } = setUp();
    const jobId = await submit();
    expect((await queue.findState({ tenant: TENANT, jobId }, 0))?.status).toBe('queued');
    const holder = await claimOne();
    await store.complete(holder, RESULT);
    expect((await queue.findState(holder, 55))?.status).toBe('done');
  });

  it('of a job that is not there is not', async () => {
    const { queue } = setUp();
    const jobId = '01936d5c-0000-7000-8000-000000000000';
    expect(await queue.findState({ tenant: TENANT, jobId }, 55)).toBeUndefined();
  });

  it('ends when the job ends, and not before', async () => {
    const { queue, submit, claimOne, store } = setUp();
    await submit();
    const holder = await claimOne();
    let isAnswered = false;
    const waiting = queue.findState(holder, 55).finally(() => (isAnswered = true));
    await untilParked();
    await store.heartbeat(holder, null, { percent: 50 });
    await untilParked();
    expect(isAnswered).toBe(false);
    await store.complete(holder, RESULT);
    expect((await waiting)?.end?.result?.text).toBe('1');
  });

  it('ends when the job is deleted', async () => {
    const { queue, submit, store } = setUp();
    const ref = { tenant: TENANT, jobId: await submit() };
    const waiting = queue.findState(ref, 55);
    await untilParked();
    await store.cancel(ref);
    await store.delete(ref);
    expect((await waiting)?.status ?? 'gone').toMatch(/gone|cancelled/);
  });

  it('gives the present state when the time is up', async () => {
    const { queue, submit, clock } = setUp();
    const waiting = queue.findState({ tenant: TENANT, jobId: await submit() }, 1);
    await untilParked();
    clock.advance(1100);
    expect((await waiting)?.status).toBe('queued');
  });

  it('ends when the caller leaves, and frees its place', async () => {
    const { queue, submit } = setUp({ maxWaiters: 1 });
    const ref = { tenant: TENANT, jobId: await submit() };
    const caller = new AbortController();
    const waiting = queue.findState(ref, 55, caller.signal);
    await untilParked();
    await expect(queue.findState(ref, 55)).rejects.toMatchObject({ code: 'too_many_requests' });
    caller.abort();
    await waiting;
    const next = queue.findState(ref, 55);
    await untilParked();
    await queue.stop();
    expect((await next)?.status).toBe('queued');
  });

  it('a read that fails frees its place', async () => {
    let calls = 0;
    const broken = {
      findState: async () => {
        calls += 1;
        if (calls % 2 === 0) throw new Error('damaged');
        return { ...QUEUED_STATE };
      },
    };
    const { queue } = setUp({ maxWaiters: 1, verbs: broken });
    for (let i = 0; i < 3; i += 1) {
      await expect(queue.findState(QUEUED_STATE, 55)).rejects.toThrow('damaged');
    }
  });

  it('no end is missed in 1,000 races between waiting and completing', async () => {
    const { queue, submit, store } = setUp();
    for (let round = 0; round < 100; round += 1) {
      const ids = await Promise.all(Array.from({ length: 10 }, () => submit()));
      const held = await store.claim(claimRequest({ max: 10 }));
      const ends = held.map(async ({ jobId, leaseToken }, i) => {
        for (let turn = 0; turn < i % 4; turn += 1) await new Promise((r) => setImmediate(r));
        return store.complete({ tenant: TENANT, jobId, leaseToken }, RESULT);
      });
      const waits = ids.map((jobId) => queue.findState({ tenant: TENANT, jobId }, 55));
      const states = await Promise.all(waits);
      expect(states.map((state) => state?.status)).toEqual(ids.map(() => 'done'));
      await Promise.all(ends);
    }
  });
});

describe('waiting for a change', () => {
  it('ends with each change of the version, and with none before it', async () => {
    const { queue, submit, claimOne, store } = setUp();
    const ref = { tenant: TENANT, jobId: await submit() };
    const [other] = [await submit()];
    let isAnswered = false;
    const waiting = queue.findChanged(ref, 1, 55).finally(() => (isAnswered = true));
    await untilParked();
    await store.cancel({ tenant: TENANT, jobId: other });
    await untilParked();
    expect(isAnswered).toBe(false);
    const holder = await claimOne();
    expect(await waiting).toMatchObject({ status: 'running', version: 2 });
    const next = queue.findChanged(ref, undefined, 55);
    await untilParked();
    await store.heartbeat(holder, null, { percent: 50 });
    expect(await next).toMatchObject({ version: 3, progress: { percent: 50 } });
  });

  it('is none where the caller has another version, or there is no job', async () => {
    const { queue, submit } = setUp({ maxWaiters: 0 });
    const ref = { tenant: TENANT, jobId: await submit() };
    expect((await queue.findChanged(ref, 0, 55))?.version).toBe(1);
    const nobody = { tenant: TENANT, jobId: QUEUED_STATE.jobId };
    expect(await queue.findChanged(nobody, undefined, 55)).toBeUndefined();
    expect(await queue.findChanged(nobody, 1, 55)).toBeUndefined();
  });

  it('ends with the removal of the job, and when the time is up', async () => {
    const { queue, submit, store, clock } = setUp();
    const ref = { tenant: TENANT, jobId: await submit() };
    const late = queue.findChanged(ref, undefined, 1);
    await untilParked();
    clock.advance(1100);
    expect((await late)?.version).toBe(1);
    await store.cancel(ref);
    const waiting = queue.findChanged(ref, 2, 55);
    await untilParked();
    await store.delete(ref);
    expect(await waiting).toBeUndefined();
  });

  it('no change is missed in 500 races between waiting and changing', async () => {
    const { queue, submit, claimOne, store } = setUp();
    const ref = { tenant: TENANT, jobId: await submit() };
    const holder = await claimOne();
    const changes = 500;
    const change = async () => {
      for (let i = 0; i < changes; i += 1) {
        await store.heartbeat(holder, null, { percent: i / changes });
        for (let turn = 0; turn < i % 4; turn += 1) await new Promise((r) => setImmediate(r));
      }
    };
    const follow = async () => {
      let version = 2;
      while (version < changes + 2) {
        const state = await queue.findChanged(ref, version, 55);
        expect(state!.version).toBeGreaterThan(version);
        version = state!.version;
      }
      return version;
    };
    const [, version] = await Promise.all([change(), follow()]);
    expect(version).toBe(changes + 2);
  });
});

describe('waiting for work', () => {
  it('ends with the job that comes', async () => {
    const { queue, submit } = setUp();
    const waiting = queue.claim(claimRequest(), 30);
    await untilParked();
    const jobId = await submit();
    expect((await waiting).map((job) => job.jobId)).toEqual([jobId]);
  });

  it('is not needed where work is', async () => {
    const { queue, submit } = setUp({ maxWaiters: 0 });
    await submit();
    expect(await queue.claim(claimRequest(), 30)).toHaveLength(1);
    expect(await queue.claim(claimRequest(), 0)).toEqual([]);
    await expect(queue.claim(claimRequest(), 30)).rejects.toMatchObject({
      code: 'too_many_requests',
    });
  });

  it('ends empty when the time is up, or the gateway stops', async () => {
    const { queue, clock, submit } = setUp();
    const first = queue.claim(claimRequest(), 1);
    const second = queue.claim(claimRequest(), 30);
    await untilParked();
    clock.advance(1100);
    expect(await first).toEqual([]);
    await queue.stop();
    expect(await second).toEqual([]);
    // Not even what is there: that is for the next gateway to hand out.
    await submit();
    await expect(queue.claim(claimRequest(), 30)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('one job is given to the one who waited longest, the others go on waiting', async () => {
    const { queue, submit } = setUp();
    const order: number[] = [];
    const waiting = [0, 1, 2].map((i) =>
      queue.claim(claimRequest({ workerId: `w${i}` }), 30).then(() => order.push(i)),
    );
    await untilParked();
    await submit();
    await waiting[0];
    expect(order).toEqual([0]);
    await submit();
    await submit();
    await Promise.all(waiting);
    expect(order).toEqual([0, 1, 2]);
  });

  it('a delayed job is given when it is due', async () => {
    const { queue, submit, clock } = setUp();
    const jobId = await submit({ runAt: clock.now() + 5000 });
    const waiting = queue.claim(claimRequest(), 30);
    await untilParked();
    clock.advance(5000);
    expect((await waiting)[0]?.jobId).toBe(jobId);
  });

  it('one who left takes no job', async () => {
    const { queue, submit, store } = setUp();
    const caller = new AbortController();
    const gone = queue.claim(claimRequest({ workerId: 'gone' }), 30, caller.signal);
    const stays = queue.claim(claimRequest({ workerId: 'stays' }), 30);
    await untilParked();
    // Woken for the job, and gone before it can take it.
    const stop = store.onChange(() => caller.abort());
    await submit();
    stop();
    expect(await gone).toEqual([]);
    expect(await stays).toHaveLength(1);
  });

  it('one woken for a job that takes another wakes the next', async () => {
    const { queue, submit } = setUp();
    const other = '/v1/other';
    const both = queue.claim(claimRequest({ endpoints: [ENDPOINT, other] }), 30);
    const one = queue.claim(claimRequest(), 30);
    await untilParked();
    // The first is woken for the job of its first endpoint, and takes the better one.
    const ids = await Promise.all([submit(), submit({ endpoint: other, priority: 9 })]);
    expect((await both)[0]?.jobId).toBe(ids[1]);
    expect((await one)[0]?.jobId).toBe(ids[0]);
  });

  it('no job is missed in 1,000 races between waiting and submitting', async () => {
    const { queue, submit } = setUp();
    for (let round = 0; round < 100; round += 1) {
      const claims = Array.from({ length: 10 }, async (_, i) => {
        for (let turn = 0; turn < i % 3; turn += 1) await new Promise((r) => setImmediate(r));
        return queue.claim(claimRequest(), 30);
      });
      const submits = Array.from({ length: 10 }, async (_, i) => {
        for (let turn = 0; turn < i % 5; turn += 1) await new Promise((r) => setImmediate(r));
        return submit();
      });
      const ids = (await Promise.all(claims)).flat().map(({ jobId }) => jobId);
      expect(ids.toSorted()).toEqual((await Promise.all(submits)).toSorted());
    }
  });
});

const QUEUED_STATE = {
  jobId: '01936d5c-0000-7000-8000-000000000000',
  tenant: TENANT,
  id: null,
  endpoint: ENDPOINT,
  status: 'queued' as const,
  version: 1,
  workerPid: null,
  createdAt: 1,
  runAt: 1,
  startedAt: null,
  progress: null,
  end: null,
};
