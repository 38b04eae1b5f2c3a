// Conformance: a job's end makes its webhook in the same commit, and no delivery is ever lost.
import { describe, expect, it } from 'vitest';
import { MAX_KEPT_ATTEMPTS, type WebhookAttempt } from '../../../src/contract/webhook.ts';
import type { PendingWebhook, WebhookFate, WebhookHost } from '../../../src/store/job-store.ts';
import {
  type Bench,
  benchFor,
  BUILD_NUMBER,
  ENDPOINT,
  expectRefusal,
  failure,
  MANY,
  RESULT,
  TENANT,
  type Suite,
} from './harness.ts';

const URL = 'https://hooks.example.com/done?from=jobgate';
const HOST = 'hooks.example.com';
const JOB = { webhookUrl: URL };

const ENDS = ['done', 'failed', 'cancelled'] as const;

function answered(status: number, parts: Partial<WebhookAttempt> = {}): WebhookAttempt {
  return { at: 1000, status, error: null, durationMs: 12, excerpt: 'ok', ...parts };
}

const pendingOf = (bench: Bench, host = HOST) => bench.store.listPendingWebhooks(host, MANY);

/** The one delivery that must wait. */
async function expectOnlyPending(bench: Bench): Promise<PendingWebhook> {
  const pending = await pendingOf(bench);
  expect(pending).toHaveLength(1);
  return pending[0]!;
}

async function record(bench: Bench, fate: WebhookFate, status = 500): Promise<PendingWebhook> {
  const pending = await expectOnlyPending(bench);
  await bench.store.recordWebhookAttempt(pending, answered(status), fate);
  return pending;
}

const listOf = async (bench: Bench, jobId: string, tenant = TENANT) =>
  (await bench.store.listWebhookDeliveries({ tenant, jobId }, MANY))!;

export function webhookTests(suite: Suite): void {
  describe('webhooks', () => {
    it.each(ENDS)('a %s job makes one, and keeps it over a restart', async (status) => {
      const bench = await benchFor(suite);
      const due: WebhookHost[] = [];
      bench.store.onWebhookDue((host) => due.push(host));
      const { jobId } = await bench.inState(status, JOB);
      const at = bench.clock.now();
      expect(due).toEqual([{ host: HOST, nextAttemptAt: at }]);
      await bench.restart();
      expect(await bench.store.listWebhookHosts()).toEqual(due);
      const pending = await expectOnlyPending(bench);
      expect(pending).toMatchObject({
        tenant: TENANT,
        jobId,
        url: URL,
        step: 0,
        nextAttemptAt: at,
      });
      const { deliveryId } = pending;
      const fate = { state: 'pending', reason: null, nextAttemptAt: at, endedAt: null };
      expect(await listOf(bench, jobId)).toEqual([
        { deliveryId, jobId, jobStatus: status, url: URL, attempts: [], createdAt: at, ...fate },
      ]);
    });

    it('a job without an address makes none, nor does one that has not ended', async () => {
      const bench = await benchFor(suite);
      await bench.inState('done');
      const holder = await bench.running(JOB);
      await bench.store.fail(holder, failure());
      expect(await bench.store.listWebhookHosts()).toEqual([]);
      expect(await listOf(bench, holder.jobId)).toEqual([]);
    });

    it('a report that is sent again makes no second one', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.inState('done', JOB);
      await bench.store.complete(holder, RESULT);
      await expectOnlyPending(bench);
    });

    it('a lost lease, an attempt over its time and a waiting job that is cancelled make one', async () => {
      const bench = await benchFor(suite);
      const lost = await bench.running(JOB);
      for (let i = 0; i < 3; i += 1) {
        await bench.pass(30_000);
        if (i < 2) await bench.claimOne();
      }
      const waiting = { tenant: TENANT, jobId: await bench.submit(JOB) };
      await bench.store.cancel(waiting);
      const pending = await pendingOf(bench);
      expect(pending.map(({ jobId }) => jobId)).toEqual([lost.jobId, waiting.jobId]);
    });

    it('says what the job ended with', async () => {
      const bench = await benchFor(suite);
      const { jobId } = await bench.inState('done', { ...JOB, id: 'mine' });
      const { deliveryId } = await expectOnlyPending(bench);
      const message = await bench.store.findWebhookMessage(deliveryId);
      const { end } = await bench.find({ tenant: TENANT, jobId });
      expect(message).toEqual({ jobId, id: 'mine', endpoint: ENDPOINT, end });
      expect(message?.end).toMatchObject({ code: 200, buildNumber: BUILD_NUMBER, result: RESULT });
    });

    it('still says it after a retry by request, whose own end makes another', async () => {
      const bench = await benchFor(suite);
      const ref = await bench.inState('failed', JOB);
      const first = await expectOnlyPending(bench);
      const told = await bench.store.findWebhookMessage(first.deliveryId);
      bench.clock.advance(5000);
      await bench.store.retry(ref);
      expect(await bench.store.findWebhookMessage(first.deliveryId)).toEqual(told);
      await bench.store.complete(await bench.claimOne(), RESULT);
      expect(await bench.store.findWebhookMessage(first.deliveryId)).toEqual(told);
      expect(told?.end).toMatchObject({ code: 500, message: 'It broke', result: null });
      const deliveries = await listOf(bench, ref.jobId);
      expect(deliveries.map(({ jobStatus }) => jobStatus)).toEqual(['done', 'failed']);
      expect(new Set(deliveries.map(({ deliveryId }) => deliveryId)).size).toBe(2);
    });

    it('is done once it was delivered, its attempts kept', async () => {
      const bench = await benchFor(suite);
      const { jobId } = await bench.inState('done', JOB);
      const again = bench.clock.now() + 5000;
      await record(bench, { state: 'pending', nextAttemptAt: again });
      expect(await expectOnlyPending(bench)).toMatchObject({ step: 1, nextAttemptAt: again });
      expect(await bench.store.listWebhookHosts()).toEqual([{ host: HOST, nextAttemptAt: again }]);
      bench.clock.advance(5000);
      const { deliveryId } = await record(bench, { state: 'delivered' }, 204);
      expect(await pendingOf(bench)).toEqual([]);
      expect(await bench.store.listWebhookHosts()).toEqual([]);
      await bench.restart();
      expect(await listOf(bench, jobId)).toMatchObject([
        {
          deliveryId,
          state: 'delivered',
          reason: null,
          nextAttemptAt: null,
          endedAt: bench.clock.now(),
          attempts: [
            { ...answered(500), attempt: 1 },
            { ...answered(204), attempt: 2 },
          ],
        },
      ]);
    });

    it.each(['exhausted', 'gone'] as const)('is over when it failed: %s', async (reason) => {
      const bench = await benchFor(suite);
      const { jobId } = await bench.inState('done', JOB);
      await record(bench, { state: 'failed', reason });
      expect(await bench.store.listWebhookHosts()).toEqual([]);
      const expected = { state: 'failed', reason, endedAt: bench.clock.now() };
      expect(await listOf(bench, jobId)).toMatchObject([expected]);
    });

    it('an attempt without an answer keeps its reason', async () => {
      const bench = await benchFor(suite);
      const { jobId } = await bench.inState('done', JOB);
      const pending = await expectOnlyPending(bench);
      const attempt = answered(0, { status: null, error: 'It took too long', excerpt: null });
      const fate = { state: 'failed', reason: 'exhausted' } as const;
      await bench.store.recordWebhookAttempt(pending, attempt, fate);
      const [delivery] = await listOf(bench, jobId);
      expect(delivery?.attempts).toEqual([{ ...attempt, attempt: 1 }]);
    });

    it('are given out host by host, by when they are due', async () => {
      const bench = await benchFor(suite);
      const first = await bench.inState('done', JOB);
      await bench.inState('done', { webhookUrl: 'http://other.example.com:8080/hook' });
      bench.clock.advance(1);
      const second = await bench.inState('done', JOB);
      const [one] = await pendingOf(bench);
      const later = bench.clock.now() + 60_000;
      await bench.store.recordWebhookAttempt(one!, answered(500), {
        state: 'pending',
        nextAttemptAt: later,
      });
      const jobIds = (await pendingOf(bench)).map(({ jobId }) => jobId);
      expect(jobIds).toEqual([second.jobId, first.jobId]);
      expect(await bench.store.listPendingWebhooks(HOST, 1)).toHaveLength(1);
      const hosts = (await bench.store.listWebhookHosts()).map(({ host }) => host);
      expect(hosts.toSorted()).toEqual([HOST, 'other.example.com:8080']);
    });

    it('an address that is none waits like any other', async () => {
      const bench = await benchFor(suite);
      await bench.inState('done', { webhookUrl: 'not a URL' });
      const [{ host } = { host: 'none' }] = await bench.store.listWebhookHosts();
      expect(await pendingOf(bench, host)).toMatchObject([{ url: 'not a URL' }]);
    });
  });

  describe('failed webhooks', () => {
    const failedOf = (bench: Bench, limit = 20, tenant = TENANT) =>
      bench.store.listFailedWebhooks(tenant, { limit, maxCount: 3 });
    const NONE = { count: 0, deliveries: [] };

    it('are there, the latest first, until they are sent again or their job is removed', async () => {
      const bench = await benchFor(suite);
      expect(await failedOf(bench)).toEqual(NONE);
      const refs = [];
      for (const reason of ['exhausted', 'gone'] as const) {
        refs.push(await bench.inState('done', JOB));
        bench.clock.advance(1000);
        await record(bench, { state: 'failed', reason });
      }
      const [first, second] = refs.map(({ jobId }) => jobId);
      const [older] = await listOf(bench, first!);
      const [newer] = await listOf(bench, second!);
      const all = [newer, older].map((delivery) => ({ ...delivery, endpoint: ENDPOINT }));
      expect(await failedOf(bench)).toEqual({ count: 2, deliveries: all });
      expect(await failedOf(bench, 1)).toEqual({ count: 2, deliveries: all.slice(0, 1) });
      await bench.restart();
      expect(await failedOf(bench)).toEqual({ count: 2, deliveries: all });
      const { deliveryId } = newer!;
      await bench.store.redeliverWebhook({ tenant: TENANT, deliveryId });
      expect(await failedOf(bench)).toEqual({ count: 1, deliveries: all.slice(1) });
      await bench.store.delete(refs[0]!);
      expect(await failedOf(bench)).toEqual(NONE);
    });

    it('come by when they failed, whatever the order in which they were made', async () => {
      const bench = await benchFor(suite);
      const first = await bench.inState('done', JOB);
      const second = await bench.inState('failed', JOB);
      const [one, two] = await pendingOf(bench);
      const fate = { state: 'failed', reason: 'exhausted' } as const;
      await bench.store.recordWebhookAttempt(two!, answered(500), fate);
      bench.clock.advance(1);
      await bench.store.recordWebhookAttempt(one!, answered(500), fate);
      const { deliveries } = await failedOf(bench);
      expect(deliveries.map(({ jobId }) => jobId)).toEqual([first.jobId, second.jobId]);
    });

    it('are counted up to a limit, and those that wait or arrived are none', async () => {
      const bench = await benchFor(suite);
      await bench.inState('done', JOB);
      await record(bench, { state: 'delivered' }, 200);
      for (let n = 0; n < 5; n += 1) {
        await bench.inState('failed', JOB);
        await record(bench, { state: 'failed', reason: 'exhausted' });
      }
      await bench.inState('cancelled', JOB);
      const { count, deliveries } = await failedOf(bench);
      expect([count, deliveries.length]).toEqual([3, 5]);
      expect(await failedOf(bench, 20, 'other')).toEqual(NONE);
    });
  });

  describe('a webhook asked for again', () => {
    it.each([
      { state: 'delivered' },
      { state: 'failed', reason: 'exhausted' },
      { state: 'failed', reason: 'gone' },
      { state: 'pending', nextAttemptAt: 9_999_999_999_999 },
    ] as const)('after %o is due at once, under the same id, from the begin', async (fate) => {
      const bench = await benchFor(suite);
      const { jobId } = await bench.inState('done', JOB);
      const { deliveryId } = await record(bench, fate);
      bench.clock.advance(1000);
      const due: WebhookHost[] = [];
      bench.store.onWebhookDue((host) => due.push(host));
      const delivery = await bench.store.redeliverWebhook({ tenant: TENANT, deliveryId });
      const nextAttemptAt = bench.clock.now();
      expect(delivery).toMatchObject({ deliveryId, jobId, state: 'pending', nextAttemptAt });
      expect(delivery.attempts).toHaveLength(1);
      expect(due).toEqual([{ host: HOST, nextAttemptAt }]);
      expect(await expectOnlyPending(bench)).toMatchObject({ deliveryId, step: 0, nextAttemptAt });
      await record(bench, { state: 'delivered' }, 200);
      const [now] = await listOf(bench, jobId);
      expect(now?.attempts.map(({ attempt, status }) => [attempt, status])).toEqual([
        [1, 500],
        [2, 200],
      ]);
    });

    it('while it is being sent stays due, unless that delivers it', async () => {
      const bench = await benchFor(suite);
      await bench.inState('done', JOB);
      await record(bench, { state: 'pending', nextAttemptAt: bench.clock.now() });
      const sent = await expectOnlyPending(bench);
      const again = () => bench.store.redeliverWebhook({ ...sent, tenant: TENANT });
      await again();
      const later = { state: 'pending', nextAttemptAt: 9_999_999_999_999 } as const;
      await bench.store.recordWebhookAttempt(sent, answered(500), later);
      const due = { step: 0, nextAttemptAt: bench.clock.now() };
      expect(await expectOnlyPending(bench)).toMatchObject(due);
      await bench.store.recordWebhookAttempt(sent, answered(410), {
        state: 'failed',
        reason: 'gone',
      });
      expect(await expectOnlyPending(bench)).toMatchObject(due);
      await bench.store.recordWebhookAttempt(sent, answered(200), { state: 'delivered' });
      expect(await pendingOf(bench)).toEqual([]);
    });

    it('keeps its latest attempts', async () => {
      const bench = await benchFor(suite);
      const { jobId } = await bench.inState('done', JOB);
      for (let i = 0; i < MAX_KEPT_ATTEMPTS + 3; i += 1) {
        await record(bench, { state: 'pending', nextAttemptAt: bench.clock.now() });
      }
      const [delivery] = await listOf(bench, jobId);
      const numbers = delivery!.attempts.map(({ attempt }) => attempt);
      expect(numbers).toEqual(Array.from({ length: MAX_KEPT_ATTEMPTS }, (_, i) => i + 4));
    });

    it('of another tenant, or of a removed job, is not found', async () => {
      const bench = await benchFor(suite);
      const ref = await bench.inState('done', JOB);
      const { deliveryId } = await expectOnlyPending(bench);
      const redeliver = (tenant: string) => bench.store.redeliverWebhook({ tenant, deliveryId });
      await expectRefusal(redeliver('other'), 'delivery_not_found');
      expect(await bench.store.listWebhookDeliveries({ ...ref, tenant: 'other' }, MANY)).toBe(
        undefined,
      );
      await bench.store.delete(ref);
      await expectRefusal(redeliver(TENANT), 'delivery_not_found');
    });
  });

  describe('a job with webhooks', () => {
    it('takes them with it when it is deleted, also one that is being sent', async () => {
      const bench = await benchFor(suite);
      const ref = await bench.inState('done', JOB);
      const pending = await record(bench, { state: 'pending', nextAttemptAt: 0 });
      await bench.store.delete(ref);
      expect(await bench.store.listWebhookHosts()).toEqual([]);
      expect(await bench.store.listWebhookDeliveries(ref, MANY)).toBeUndefined();
      expect(await bench.store.findWebhookMessage(pending.deliveryId)).toBeUndefined();
      await bench.store.recordWebhookAttempt(pending, answered(200), { state: 'delivered' });
      expect(await bench.store.listWebhookDeliveries(ref, MANY)).toBeUndefined();
    });

    it('is kept past its retention until they were sent', async () => {
      const bench = await benchFor(suite);
      const plain = await bench.inState('done', { retentionSeconds: 0 });
      const ref = await bench.inState('done', { ...JOB, retentionSeconds: 0 });
      expect(await bench.store.prune(MANY)).toBe(1);
      expect(await bench.status(plain)).toBeUndefined();
      expect(await bench.status(ref)).toBe('done');
      await record(bench, { state: 'delivered' }, 200);
      expect(await bench.store.prune(MANY)).toBe(1);
      expect(await bench.status(ref)).toBeUndefined();
    });
  });

  describe('webhook secrets', () => {
    it('there is one, the first that is added, for each tenant', async () => {
      const bench = await benchFor(suite);
      expect(await bench.store.listWebhookSecrets(TENANT)).toEqual([]);
      const one = { secret: 'whsec_one', createdAt: bench.clock.now(), expiresAt: null };
      const added = await Promise.all(
        ['whsec_one', 'whsec_two'].map((secret) => bench.store.addWebhookSecret(TENANT, secret)),
      );
      expect(added).toEqual([[one], [one]]);
      expect(await bench.store.listWebhookSecrets('other')).toEqual([]);
      await bench.restart();
      expect(await bench.store.listWebhookSecrets(TENANT)).toEqual([one]);
    });

    it('the one before signs until its time is up, and no third', async () => {
      const bench = await benchFor(suite);
      const live = async () =>
        (await bench.store.listWebhookSecrets(TENANT)).map(({ secret }) => secret);
      await bench.store.addWebhookSecret(TENANT, 'a');
      bench.clock.advance(1000);
      expect(await bench.store.rotateWebhookSecret(TENANT, 'b', 60_000)).toMatchObject([
        { secret: 'b', createdAt: bench.clock.now(), expiresAt: null },
        { secret: 'a', expiresAt: bench.clock.now() + 60_000 },
      ]);
      await bench.store.rotateWebhookSecret(TENANT, 'c', 60_000);
      expect(await live()).toEqual(['c', 'b']);
      bench.clock.advance(59_999);
      expect(await live()).toEqual(['c', 'b']);
      bench.clock.advance(1);
      expect(await live()).toEqual(['c']);
      expect(await bench.store.addWebhookSecret(TENANT, 'd')).toMatchObject([{ secret: 'c' }]);
    });

    it('rotating makes the first where there is none', async () => {
      const bench = await benchFor(suite);
      expect(await bench.store.rotateWebhookSecret(TENANT, 'a', 1)).toMatchObject([
        { secret: 'a', expiresAt: null },
      ]);
    });
  });
}
