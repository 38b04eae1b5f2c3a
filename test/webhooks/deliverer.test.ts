// The deliverer: at least once, the same id and body each time, and nobody held up by another.
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, vi } from 'vitest';
import { composeStatusResponse } from '../../src/contract/status.ts';
import { rotateSecret } from '../../src/webhooks/secrets.ts';
import { FakeClock } from '../fake-clock.ts';
import { TENANT } from '../store/sqlite/world.ts';
import type { Reply } from '../webhook-receiver.ts';
import { DelivererBench, receiverFor } from './deliverer-bench.ts';

/** A port that nobody listens on. */
const REFUSING = 'http://127.0.0.1:1/hook';

const times = <T>(count: number, make: (i: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i));

interface Answered {
  reply: Reply;
  state: string;
  reason?: string;
  error: unknown;
  /** Until the next attempt, at the least. */
  waitMs: number;
}

describe('a job that ends', () => {
  it.each(['done', 'failed'] as const)('%s is told with its envelope, signed', async (status) => {
    const receiver = await receiverFor();
    const bench = new DelivererBench();
    const jobId = await bench.end(receiver.url, status);
    const [arrival] = await receiver.untilArrived(1);
    const state = await bench.store.findState({ tenant: TENANT, jobId });
    const { queueId } = bench.store;
    const shown = composeStatusResponse(state!, { pid: 1, queueId, buildNumber: '-' });
    expect(arrival!.body).toBe(JSON.stringify(JSON.parse(shown.text).response));
    expect(arrival!.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'Jobgate/1.2.3',
    });
    const delivery = await bench.untilDelivery(jobId, ({ state: is }) => is === 'delivered');
    expect(delivery.deliveryId).toBe(arrival!.id);
    expect(delivery.attempts).toMatchObject([{ attempt: 1, status: 204, error: null }]);
    const [secret] = await bench.store.listWebhookSecrets(TENANT);
    const headers = arrival!.headers as Record<string, string>;
    expect(new Webhook(secret!.secret).verify(arrival!.body, headers)).toMatchObject({
      job_id: jobId,
      code: status === 'done' ? 200 : 500,
    });
  });

  it('is signed with both secrets while there are two', async () => {
    const receiver = await receiverFor();
    const bench = new DelivererBench();
    await rotateSecret(bench.store, TENANT);
    const secrets = await rotateSecret(bench.store, TENANT);
    expect(secrets).toHaveLength(2);
    await bench.end(receiver.url);
    const [{ body, headers }] = (await receiver.untilArrived(1)) as [any];
    for (const { secret } of secrets) {
      expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
    }
  });

  it('is told again by the schedule, under the same id with the same body, ten times', async () => {
    const clock = new FakeClock();
    const receiver = await receiverFor(() => ({ status: 500, body: 'not today' }));
    const bench = new DelivererBench({ clock });
    const jobId = await bench.end(receiver.url);
    const delays: number[] = [];
    for (let count = 1; count < 10; count += 1) {
      const { nextAttemptAt } = await bench.untilAttempts(jobId, count);
      delays.push(nextAttemptAt! - clock.now());
      clock.advance(nextAttemptAt! - clock.now() - 1);
      clock.advance(1);
    }
    const nominal = [5, 30, 120, 600, 1800, 7200, 21_600, 43_200, 86_400];
    for (const [i, seconds] of nominal.entries()) {
      expect(Math.abs(delays[i]! / 1000 / seconds - 1)).toBeLessThanOrEqual(0.1001);
    }
    const { state, reason, attempts } = await bench.untilAttempts(jobId, 10);
    expect({ state, reason }).toEqual({ state: 'failed', reason: 'exhausted' });
    expect(attempts.at(-1)).toMatchObject({ attempt: 10, status: 500, excerpt: 'not today' });
    expect(new Set(receiver.arrivals.map(({ id, body }) => id + body)).size).toBe(1);
    expect(receiver.arrivals).toHaveLength(10);
    expect(bench.failed.at(-1)?.fate).toEqual({ state: 'failed', reason: 'exhausted' });
  });

  it('is not told before its time', async () => {
    const clock = new FakeClock();
    const receiver = await receiverFor(() => ({ status: 500 }));
    const bench = new DelivererBench({ clock });
    const jobId = await bench.end(receiver.url);
    const { nextAttemptAt } = await bench.untilAttempts(jobId, 1);
    clock.advance(nextAttemptAt! - clock.now() - 1);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(receiver.arrivals).toHaveLength(1);
  });

  const ANSWERED = { error: null, waitMs: 4000 };
  it.each([
    { reply: { status: 410 }, state: 'failed', reason: 'gone', error: null, waitMs: -Infinity },
    { reply: { status: 404 }, state: 'pending', ...ANSWERED },
    {
      reply: { status: 503, headers: { 'retry-after': '7200' } },
      state: 'pending',
      error: null,
      waitMs: 7_200_000,
    },
    {
      reply: { status: 302, headers: { location: '/elsewhere' } },
      state: 'pending',
      error: 'Redirects are not followed: submit jobs with the address that this one leads to',
      waitMs: 4000,
    },
    { reply: 'close', state: 'pending', error: expect.stringMatching(/closed/), waitMs: 4000 },
  ] as Answered[])(
    'and answered $reply',
    async ({ reply, state, reason = null, error, waitMs }) => {
      const receiver = await receiverFor(() => reply);
      const bench = new DelivererBench();
      const jobId = await bench.end(receiver.url);
      const delivery = await bench.untilAttempts(jobId, 1);
      const status = reply === 'close' ? null : (reply as { status: number }).status;
      expect(delivery).toMatchObject({ state, reason, attempts: [{ status, error }] });
      const next = delivery.nextAttemptAt ?? -Infinity;
      expect(next - delivery.attempts[0]!.at).toBeGreaterThanOrEqual(waitMs);
      expect(receiver.arrivals.map(({ path }) => path)).toEqual(['/hook']);
    },
  );

  it('at an address inside is refused, with what to set, and tried again', async () => {
    const receiver = await receiverFor();
    const bench = new DelivererBench({ allow: [] });
    const jobId = await bench.end(receiver.url);
    const { state, attempts } = await bench.untilAttempts(jobId, 1);
    expect(state).toBe('pending');
    expect(attempts[0]).toMatchObject({
      status: null,
      error: expect.stringMatching(/WEBHOOK_ALLOW/),
    });
    expect(receiver.arrivals).toEqual([]);
  });
});

describe('on demand', () => {
  it('a delivery that was delivered is sent again, under the same id', async () => {
    const receiver = await receiverFor();
    const bench = new DelivererBench();
    const jobId = await bench.end(receiver.url);
    const { deliveryId } = await bench.untilDelivery(jobId, ({ state }) => state === 'delivered');
    await bench.store.redeliverWebhook({ tenant: TENANT, deliveryId });
    const [first, second] = await receiver.untilArrived(2);
    expect({ ...second, headers: {} }).toEqual({ ...first, headers: {} });
    const done = await bench.untilAttempts(jobId, 2);
    expect(done).toMatchObject({ state: 'delivered', attempts: [{ attempt: 1 }, { attempt: 2 }] });
  });
});

describe('a receiver that hangs', () => {
  it('holds up nobody else, and holds one place itself', async () => {
    const hanging = await receiverFor(() => 'hang');
    const well = await receiverFor();
    const bench = new DelivererBench();
    for (let i = 0; i < 10; i += 1) await bench.end(hanging.url);
    await hanging.untilArrived(1);
    const startedAt = performance.now();
    for (let i = 0; i < 10; i += 1) await bench.end(well.url);
    await well.untilArrived(10);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(hanging.arrivals).toHaveLength(1);
    expect(hanging.open).toBe(1);
  });

  it('and is cut off by a stop, is sent again after the start', async () => {
    const receiver = await receiverFor(() => 'hang');
    const bench = new DelivererBench();
    const jobId = await bench.end(receiver.url);
    await receiver.untilArrived(1);
    receiver.reply = () => ({ status: 200 });
    await bench.restart();
    const [first, second] = await receiver.untilArrived(2);
    expect({ ...second, headers: {} }).toEqual({ ...first, headers: {} });
    const { attempts } = await bench.untilDelivery(jobId, ({ state }) => state === 'delivered');
    expect(attempts).toHaveLength(1);
  });

  it('gives its job up for deletion', async () => {
    const receiver = await receiverFor(() => ({ status: 500, afterMs: 200 }));
    const bench = new DelivererBench();
    const jobId = await bench.end(receiver.url);
    const second = await bench.end(receiver.url);
    await receiver.untilArrived(1);
    await bench.store.delete({ tenant: TENANT, jobId });
    await bench.untilAttempts(second, 1);
    expect(bench.errors).toEqual([]);
    expect(await bench.store.listWebhookDeliveries({ tenant: TENANT, jobId }, 9)).toBeUndefined();
  });
});

describe('a receiver that answers', () => {
  it('is sent eight at a time, each once', async () => {
    // Held back, so that however slow the machine is they wait at the same time.
    const receiver = await receiverFor(() => 'hang');
    const bench = new DelivererBench();
    for (let i = 0; i < 21; i += 1) await bench.end(receiver.url);
    await receiver.untilArrived(1);
    receiver.release();
    await receiver.untilArrived(9);
    receiver.reply = () => ({ status: 200 });
    receiver.release();
    await receiver.untilArrived(21);
    const untilNone = async () => expect(await bench.store.listWebhookHosts()).toEqual([]);
    await vi.waitFor(untilNone, 15_000);
    expect(receiver.mostOpen).toBe(8);
    expect(new Set(receiver.arrivals.map(({ id }) => id)).size).toBe(21);
    expect(receiver.arrivals).toHaveLength(21);
  });
});

describe('trouble', () => {
  it('everything that was pending goes on after a restart', async () => {
    const clock = new FakeClock();
    const bench = new DelivererBench({ clock });
    const jobIds = await Promise.all(times(3, () => bench.end(REFUSING)));
    for (const jobId of jobIds) await bench.untilAttempts(jobId, 1);
    clock.advance(10_000);
    await bench.restart();
    for (const jobId of jobIds) await bench.untilAttempts(jobId, 2);
    expect(bench.errors).toEqual([]);
  });

  it('a clock that is set back by a year loses none', async () => {
    const clock = new FakeClock();
    const bench = new DelivererBench({ clock });
    const jobId = await bench.end(REFUSING);
    await bench.untilAttempts(jobId, 1);
    clock.setWall(clock.now() - 365 * 86_400_000);
    await bench.untilAttempts(jobId, 2);
    await bench.restart();
    const { nextAttemptAt } = await bench.find(jobId);
    expect(nextAttemptAt! - clock.now()).toBeLessThan(40_000);
  });

  it('a store that cannot keep an attempt is asked again, and the webhook not sent again', async () => {
    const receiver = await receiverFor();
    const bench = new DelivererBench();
    const fault = new Error('The disk is full');
    const keep = vi
      .spyOn(bench.store, 'recordWebhookAttempt')
      .mockRejectedValueOnce(fault)
      .mockRejectedValueOnce(fault);
    const jobId = await bench.end(receiver.url);
    await bench.untilDelivery(jobId, ({ state }) => state === 'delivered');
    expect(keep).toHaveBeenCalledTimes(3);
    expect(receiver.arrivals).toHaveLength(1);
    expect(bench.errors).toEqual([fault]);
  });
});
