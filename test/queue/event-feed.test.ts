// The event feed on a real store: what happens while a follower catches up, and fairness to the others.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { JobEvent } from '../../src/contract/job-event.ts';
import { JsonText } from '../../src/contract/json-text.ts';
import { EventFeed, type EventSink } from '../../src/queue/event-feed.ts';
import { queueStore, TENANT } from './queue-store.ts';

const RESULT = new JsonText('"ok"');

/** Takes nothing on after its first event until it is let. */
class HeldSink implements EventSink {
  readonly events: JobEvent[] = [];
  readonly ended = Promise.withResolvers<void>();
  #hold: Promise<void>;
  release!: () => void;
  lastWas: boolean | undefined;

  constructor() {
    this.#hold = new Promise((resolve) => (this.release = resolve));
  }

  send(event: JobEvent, isLast: boolean): void {
    this.events.push(event);
    this.lastWas = isLast;
  }

  drained(): Promise<void> {
    return this.#hold;
  }

  end(): void {
    this.ended.resolve();
  }

  get kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }
}

function openSink(): HeldSink {
  const sink = new HeldSink();
  sink.release();
  return sink;
}

function feedOn({ store }: ReturnType<typeof queueStore>): EventFeed {
  const feed = new EventFeed(store);
  feed.start();
  return feed;
}

async function finish({ store, submit, claimOne }: ReturnType<typeof queueStore>) {
  await submit();
  const holder = await claimOne();
  await store.complete(holder, RESULT);
  return holder;
}

it('what happens while old events are taken slowly comes after them, once', async () => {
  const bench = queueStore();
  const feed = feedOn(bench);
  const ref = { tenant: TENANT, jobId: await bench.submit() };
  const sink = new HeldSink();
  feed.followJob(ref, 0, sink);
  await nextTurn();
  const holder = await bench.claimOne();
  await bench.store.heartbeat(holder, null, { percent: 1 });
  expect(sink.kinds).toEqual(['queued']);
  sink.release();
  await nextTurn();
  await bench.store.complete(holder, RESULT);
  await sink.ended.promise;
  expect(sink.events).toEqual(await bench.store.listEvents(ref, 0, 10));
  expect(sink.kinds).toEqual(['queued', 'running', 'progress', 'done']);
  expect([sink.lastWas, feed.size]).toEqual([true, 0]);
});

it('followers who come at any moment each get everything in order, once', async () => {
  const bench = queueStore();
  const feed = feedOn(bench);
  const followed: { jobId: string; sink: HeldSink }[] = [];
  const follow = (jobId: string) => {
    const sink = openSink();
    followed.push({ jobId, sink });
    feed.followJob({ tenant: TENANT, jobId }, 0, sink);
  };
  const live = async () => {
    follow(await bench.submit());
    const holder = await bench.claimOne();
    const steps = [
      () => bench.store.heartbeat(holder, null, { percent: 1 }),
      () => bench.store.cancel(holder),
      () => bench.store.complete(holder, RESULT),
    ];
    for (const step of steps) {
      const running = step();
      follow(holder.jobId);
      await nextTurn();
      follow(holder.jobId);
      await running;
      follow(holder.jobId);
    }
  };
  await Promise.all(Array.from({ length: 50 }, live));
  await Promise.all(followed.map(({ sink }) => sink.ended.promise));
  expect(followed).toHaveLength(500);
  for (const { jobId, sink } of followed) {
    expect(sink.events).toEqual(await bench.store.listEvents({ tenant: TENANT, jobId }, 0, 10));
    expect(sink.lastWas).toBe(true);
  }
});

it('a job that is removed while its events are read, or before, has an end', async () => {
  const bench = queueStore();
  const feed = feedOn(bench);
  const ref = await finish(bench);
  await bench.store.delete(ref);
  const late = openSink();
  feed.followJob(ref, 0, late);
  await late.ended.promise;
  const failed = { tenant: TENANT, jobId: await bench.submit() };
  const slow = new HeldSink();
  feed.followJob(failed, 0, slow);
  await nextTurn();
  await bench.store.cancel(failed);
  await bench.store.delete(failed);
  slow.release();
  await slow.ended.promise;
  expect([late.kinds, slow.kinds, feed.size]).toEqual([[], ['queued'], 0]);
});

it('each page of a long log is read in a turn of its own', async () => {
  const bench = queueStore();
  await Promise.all(Array.from({ length: 1001 }, () => bench.submit()));
  let turn = 0;
  const turns: number[] = [];
  const feed = new EventFeed({
    ...bench.store,
    listTenantEvents: (...asked) => {
      turns.push(turn);
      return bench.store.listTenantEvents(...asked);
    },
  });
  const stop = feed.followTenant('a stranger', 0, openSink());
  for (; turns.length < 6; turn += 1) await nextTurn();
  stop();
  expect(new Set(turns).size).toBe(6);
});
