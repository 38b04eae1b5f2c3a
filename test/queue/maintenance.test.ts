// The maintenance loop: each unit at its own pace, and no unit stands in another's way.
import { expect, it, onTestFinished, vi } from 'vitest';
import type { JobStore } from '../../src/store/job-store.ts';
import { Maintenance } from '../../src/queue/maintenance.ts';
import { FakeClock } from '../fake-clock.ts';
import { queueStore } from './queue-store.ts';

const UNITS = ['expire leases', 'wake delayed jobs', 'remove old jobs', 'checkpoint the store'];

function run(store: JobStore, clock = new FakeClock()) {
  const errors: string[] = [];
  const failed = Promise.withResolvers<void>();
  const onError = (_error: unknown, what: string) => {
    errors.push(what);
    failed.resolve();
  };
  const maintenance = new Maintenance({ store, clock, onError });
  onTestFinished(() => maintenance.stop());
  maintenance.start();
  return { maintenance, errors, failed: failed.promise };
}

/** The real store, in which one verb is another. */
function withVerb(store: JobStore, verb: Partial<JobStore>): JobStore {
  return { ...store, ...verb };
}

it('ends leases, wakes jobs and removes old ones by itself', async () => {
  const { store, clock, submit, claimOne, told } = queueStore();
  const lapsing = await submit();
  await claimOne(5);
  const delayed = await submit({ runAt: clock.now() + 1000 });
  clock.advance(5000);
  const lapsed = told((change) => change.jobId === lapsing && change.kind === 'queued');
  const woken = told((change) => change.jobId === delayed && change.claimable);
  run(store, clock);
  expect((await lapsed).claimable).toBe(true);
  expect((await woken).kind).toBe('queued');
});

it('a unit that fails says so, and does not stop the others', async () => {
  const { store, clock, submit, claimOne, told } = queueStore();
  const jobId = await submit();
  await claimOne(5);
  clock.advance(5000);
  const broken = withVerb(store, {
    prune: () => Promise.reject(new Error('broken')),
    nextDelayed: () => Promise.reject(new Error('broken')),
  });
  const lapsed = told((change) => change.jobId === jobId && change.kind === 'queued');
  const { errors, failed } = run(broken, clock);
  await Promise.all([lapsed, failed]);
  expect(errors.every((what) => UNITS.includes(what))).toBe(true);
});

it('a unit that failed is tried again', async () => {
  const { store } = queueStore();
  const again = Promise.withResolvers<void>();
  let calls = 0;
  const flaky = withVerb(store, {
    prune: async () => {
      calls += 1;
      if (calls === 1) throw new Error('broken');
      again.resolve();
      return 0;
    },
  });
  const { errors } = run(flaky);
  await again.promise;
  expect(errors).toEqual(['remove old jobs']);
});

it('what fails the same way is told once a minute, and what is new of it at once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { store, clock } = queueStore();
  const told: string[] = [];
  const steps = ['full', 'full', 'read only', 'read only', 'well', 'read only', 'full', 'full'];
  const poll = async () => {
    clock.advance(1000);
    const step = steps.shift();
    if (step === undefined || step === 'well') return 1000;
    throw new Error(step);
  };
  const onError = (error: unknown) => void told.push((error as Error).message);
  const maintenance = new Maintenance({ store, clock, onError, more: { fail: poll } });
  onTestFinished(() => maintenance.stop());
  maintenance.start();
  await vi.advanceTimersByTimeAsync(7500);
  expect(steps).toEqual([]);
  expect(told).toEqual(['full', 'read only', 'read only', 'full']);
  steps.push('full', 'full', 'full');
  clock.advance(60_000);
  await vi.advanceTimersByTimeAsync(1000);
  clock.advance(60_000);
  await vi.advanceTimersByTimeAsync(1000);
  expect(told.slice(4)).toEqual(['full', 'full']);
});

it('stop waits for what runs, and nothing runs after it', async () => {
  const { store } = queueStore();
  const started = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<number>();
  const order: string[] = [];
  const slow = withVerb(store, {
    prune: async () => {
      started.resolve();
      const removed = await finish.promise;
      order.push('pruned');
      return removed;
    },
  });
  const { maintenance } = run(slow);
  await started.promise;
  const stopping = maintenance.stop().then(() => order.push('stopped'));
  finish.resolve(50);
  await stopping;
  expect(order).toEqual(['pruned', 'stopped']);
});
