// Waiters: woken, out of time, gone, or sent home because the gateway stops.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { JobgateError } from '../../src/contract/errors.ts';
import { Waiters } from '../../src/queue/waiters.ts';
import { FakeClock } from '../fake-clock.ts';

afterEach(() => {
  const timers = vi.getTimerCount();
  vi.useRealTimers();
  if (timers > 0) throw new Error(`${timers} timers run on`);
});

/** Timers stand still, too: what the test does not advance does not pass. */
function setUp(max = 100) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
  const clock = new FakeClock();
  const waiters = new Waiters(clock, max);
  const park = (key: string, ms = 1000, signal?: AbortSignal) => waiters.park([key], ms, signal);
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(left, 100));
      vi.advanceTimersByTime(Math.min(left, 100));
    }
  };
  return { waiters, clock, park, pass };
}

/** What became of each, in the order it did. */
function noteInOrder(parked: { wakeup: Promise<string> }[]): string[] {
  const order: string[] = [];
  parked.forEach(({ wakeup }, i) => void wakeup.then((why) => order.push(`${i} ${why}`)));
  return order;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a waiter', () => {
  it('is woken by its key only', async () => {
    const { waiters, park } = setUp();
    const [a, b] = [park('a'), park('b')];
    waiters.wake('a');
    waiters.wake('c');
    expect(await a.wakeup).toBe('woken');
    expect(waiters.size).toBe(1);
    b.leave();
    expect(await b.wakeup).toBe('gone');
  });

  it('is woken by any of its keys, once', async () => {
    const { waiters } = setUp();
    const parked = waiters.park(['a', 'b'], 1000, undefined);
    waiters.wake('b');
    waiters.wake('a');
    expect(await parked.wakeup).toBe('woken');
    expect(waiters.size).toBe(0);
  });

  it('is answered when its time is up, not before', async () => {
    const { waiters, park, pass } = setUp();
    const order = noteInOrder([park('a', 250), park('a', 1000), park('a', 5)]);
    pass(200);
    await settle();
    expect(order).toEqual(['2 timeout']);
    pass(200);
    await settle();
    expect(order).toEqual(['2 timeout', '0 timeout']);
    pass(700);
    await settle();
    expect(order).toEqual(['2 timeout', '0 timeout', '1 timeout']);
    expect(waiters.size).toBe(0);
  });

  it('that leaves is forgotten', async () => {
    const { waiters, park } = setUp();
    const controller = new AbortController();
    const parked = park('a', 1000, controller.signal);
    controller.abort();
    expect(await parked.wakeup).toBe('gone');
    expect(waiters.size).toBe(0);
  });

  it('that had left before is not parked at all', async () => {
    const { waiters, park } = setUp();
    expect(await park('a', 1000, AbortSignal.abort()).wakeup).toBe('gone');
    expect(waiters.size).toBe(0);
  });

  it('keeps no listener on a signal that lives on', async () => {
    const { waiters, park } = setUp();
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, 'removeEventListener');
    const add = vi.spyOn(signal, 'addEventListener');
    const parked = park('a', 1000, signal);
    waiters.wake('a');
    await parked.wakeup;
    expect(remove.mock.calls).toEqual(add.mock.calls);
  });
});

describe('waking', () => {
  it('a number of them takes those who wait longest', async () => {
    const { waiters, park } = setUp();
    const parked = [park('a'), park('a'), park('a')];
    const order = noteInOrder(parked);
    waiters.wake('a', 2);
    await settle();
    expect(order).toEqual(['0 woken', '1 woken']);
    waiters.wake('a');
    await settle();
    expect(order).toEqual(['0 woken', '1 woken', '2 woken']);
  });

  it('passes over those who left', async () => {
    const { waiters, park } = setUp();
    const parked = [park('a'), park('a')];
    const order = noteInOrder(parked);
    parked[0]!.leave();
    waiters.wake('a', 1);
    await settle();
    expect(order).toEqual(['0 gone', '1 woken']);
  });
});

describe('the limit', () => {
  it('refuses one more, and takes the next when one is gone', async () => {
    const { waiters, park } = setUp(2);
    const parked = [park('a'), park('b')];
    expect(() => park('c')).toThrow(JobgateError);
    expect(() => park('c')).toThrow(
      expect.objectContaining({
        code: 'too_many_requests',
        message: expect.stringContaining('MAX_WAITERS (2) reached'),
        details: { retryAfterSeconds: expect.any(Number) },
      }),
    );
    expect(waiters.size).toBe(2);
    parked[0]!.leave();
    parked[0]!.leave();
    const third = park('c');
    expect(waiters.size).toBe(2);
    third.leave();
    parked[1]!.leave();
  });
});

describe('stopping', () => {
  it('answers all, and whoever still comes', async () => {
    const { waiters, park } = setUp();
    const parked = [park('a'), park('b', 55_000)];
    waiters.stop();
    const wakeups = await Promise.all(parked.map(({ wakeup }) => wakeup));
    expect(wakeups).toEqual(['stopping', 'stopping']);
    expect(await park('a').wakeup).toBe('stopping');
    expect(waiters.size).toBe(0);
  });
});

it('ten thousand wait on one timer', async () => {
  const { waiters, park, pass } = setUp(10_000);
  const parked = Array.from({ length: 10_000 }, (_, i) => park(`${i % 100}`, 1000 + (i % 7) * 50));
  expect(vi.getTimerCount()).toBe(1);
  pass(1500);
  const wakeups = await Promise.all(parked.map(({ wakeup }) => wakeup));
  expect(new Set(wakeups)).toEqual(new Set(['timeout']));
  expect(waiters.size).toBe(0);
});

it('one that waits costs a few hundred bytes', async () => {
  const { waiters } = setUp(11_000);
  const parkMany = (count: number) =>
    Array.from({ length: count }, (_, i) => waiters.park([`end ${i}`], 50_000 + i, undefined));
  // The first ones make what is there once.
  const first = parkMany(1000);
  const before = await heapAfterCollection();
  const parked = parkMany(10_000);
  const each = ((await heapAfterCollection()) - before) / parked.length;
  expect(waiters.size).toBe(first.length + parked.length);
  expect(each).toBeGreaterThan(50);
  expect(each).toBeLessThan(700);
  waiters.stop();
});

/** What files tested before in this process left behind takes several collections. */
async function heapAfterCollection(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let heap = Number.POSITIVE_INFINITY;
  for (;;) {
    collect();
    await settle();
    const { heapUsed } = process.memoryUsage();
    if (heapUsed > heap - 1000) return heapUsed;
    heap = heapUsed;
  }
}
