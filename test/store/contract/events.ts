// Conformance: listeners are told of every change, after it is true, in order.
import { describe, expect, it } from 'vitest';
import type { JobChange } from '../../../src/store/job-store.ts';
import {
  benchFor,
  ENDPOINT,
  expectRefusal,
  failure,
  newJob,
  RETENTION_MS,
  RESULT,
  TENANT,
  type Suite,
} from './harness.ts';

export function eventTests(suite: Suite): void {
  describe('changes', () => {
    it('each is told once, with its version and whether it is claimable', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.heartbeat(holder, null, { percent: 1 });
      await bench.store.fail(holder, failure());
      await bench.passAndWake(1000);
      const second = await bench.claimOne();
      await bench.store.cancel(second);
      await bench.store.release(second);
      await bench.store.delete(second);
      const told = ['kind', 'version', 'claimable'] as const;
      expect(bench.changes.map((change) => told.map((key) => change[key]))).toEqual([
        ['queued', 1, true],
        ['running', 2, false],
        ['progress', 3, false],
        ['queued', 4, false],
        ['queued', 5, true],
        ['running', 6, false],
        ['cancel_requested', 7, false],
        ['cancelled', 8, false],
        ['deleted', 9, false],
      ]);
      const of = { tenant: TENANT, jobId: holder.jobId, endpoint: ENDPOINT };
      for (const change of bench.changes) expect(change).toMatchObject(of);
    });

    it('when a listener hears of it, it is true, and the caller does not know yet', async () => {
      const bench = await benchFor(suite);
      const order: string[] = [];
      const seen: Promise<void>[] = [];
      const look = async ({ tenant, jobId, version, kind }: JobChange) => {
        order.push(`told ${kind}`);
        const state = await bench.store.findState({ tenant, jobId });
        expect(state?.version).toBe(version);
      };
      bench.store.onChange((change) => seen.push(look(change)));
      const holder = await bench.running();
      order.push('claimed');
      await bench.store.complete(holder, RESULT);
      order.push('completed');
      await Promise.all(seen);
      expect(order).toEqual(['told queued', 'told running', 'claimed', 'told done', 'completed']);
    });

    it('a refused change is not told of', async () => {
      const bench = await benchFor(suite, { maxQueueLength: 1 });
      await expectRefusal(bench.store.submit([newJob(), newJob()]), 'too_many_requests');
      const done = await bench.inState('done');
      bench.changes.length = 0;
      await expectRefusal(bench.store.cancel(done), 'illegal_transition');
      await expectRefusal(bench.store.retry(done), 'illegal_transition');
      await bench.store.complete(done, RESULT);
      expect(bench.changes).toEqual([]);
    });

    it('under load every job has its changes in order, without a gap', async () => {
      const bench = await benchFor(suite);
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          await bench.submit();
          const holder = await bench.claimOne();
          await bench.store.heartbeat(holder, null, { percent: 50 });
          await bench.store.complete(holder, RESULT);
        }),
      );
      const jobIds = new Set(bench.changes.map(({ jobId }) => jobId));
      expect(jobIds.size).toBe(100);
      for (const jobId of jobIds) {
        expect(bench.kinds(jobId)).toEqual(['queued', 'running', 'progress', 'done']);
        const versions = bench.changes.filter((change) => change.jobId === jobId);
        expect(versions.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
      }
    });

    it('who stops listening hears no more', async () => {
      const bench = await benchFor(suite);
      const heard: JobChange[] = [];
      const stop = bench.store.onChange((change) => heard.push(change));
      await bench.submit();
      stop();
      await bench.submit();
      expect(heard).toHaveLength(1);
      expect(bench.changes).toHaveLength(2);
    });
  });

  describe('the event log', () => {
    it('has every change that was told with its event, under rising numbers', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.heartbeat(holder, null, { percent: 1 });
      await bench.store.complete(holder, RESULT);
      const told = bench.changes.map(({ event }) => event);
      expect(await bench.store.listEvents(holder, 0, 10)).toEqual(told);
      expect(told.map((event) => event?.kind)).toEqual(['queued', 'running', 'progress', 'done']);
      const [first, second] = told.map((event) => event?.seq ?? 0);
      expect(await bench.store.listEvents(holder, first ?? 0, 1)).toEqual([told[1]]);
      expect(second).toBeGreaterThan(first ?? 0);
      expect(await bench.store.lastEventSeq()).toBe(told.at(-1)?.seq);
      expect(await bench.store.listEvents({ ...holder, tenant: 'other' }, 0, 10)).toEqual([]);
    });

    it("gives a tenant's events in pages of all that there is", async () => {
      const bench = await benchFor(suite);
      for (const tenant of [TENANT, 'other', TENANT])
        await bench.store.submit([newJob({ tenant })]);
      const page = await bench.store.listTenantEvents(TENANT, 0, 2);
      expect(page).toMatchObject({ events: [{ version: 1 }], isLast: false });
      const rest = await bench.store.listTenantEvents(TENANT, page.after, 2);
      expect(rest).toMatchObject({ events: [{ version: 1 }], isLast: true });
      expect(await bench.store.listTenantEvents(TENANT, rest.after, 2)).toEqual({
        events: [],
        after: rest.after,
        isLast: true,
      });
    });

    it("loses a removed job's events and never uses their numbers again", async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      await bench.store.complete(holder, RESULT);
      await bench.store.delete(holder);
      const last = bench.changes.at(-1)?.event?.seq ?? 0;
      expect(await bench.store.listEvents(holder, 0, 10)).toEqual([]);
      await bench.restart();
      expect(await bench.store.lastEventSeq()).toBe(last);
      await bench.store.submit([newJob()]);
      expect(await bench.store.lastEventSeq()).toBe(last + 1);
    });

    it.each(['delete', 'prune'] as const)(
      'a removal by %s has an event and a number',
      async (by) => {
        const bench = await benchFor(suite);
        const holder = await bench.inState('failed');
        const last = await bench.store.lastEventSeq();
        if (by === 'delete') await bench.store.delete(holder);
        bench.clock.advance(RETENTION_MS);
        if (by === 'prune') await bench.store.prune(10);
        const { event, ...change } = bench.changes.at(-1) as JobChange;
        expect(change).toMatchObject({ kind: 'deleted', version: 4, claimable: false });
        const of = { job_id: holder.jobId, endpoint: ENDPOINT, kind: 'deleted', version: 4 };
        expect(event).toMatchObject({ ...of, seq: last + 1, job_status: 'failed', attempt: 1 });
      },
    );

    it('of progress within a second has the first, and a second later the last', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      for (const percent of [1, 2, 3]) await bench.store.heartbeat(holder, null, { percent });
      expect(await bench.store.tellProgress()).toBe(0);
      bench.clock.advance(1000);
      expect(await bench.store.tellProgress()).toBe(1);
      expect(await bench.store.tellProgress()).toBe(0);
      const events = await bench.store.listEvents(holder, 0, 10);
      const told = events.flatMap(({ version, data }) =>
        data['progress'] ? [{ version, data }] : [],
      );
      expect(told).toEqual([
        { version: 3, data: { progress: { percent: 1 } } },
        { version: 6, data: { progress: { percent: 3 } } },
      ]);
    });

    it('of progress that came too soon says nothing once somebody else runs the job', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      for (const percent of [1, 2]) await bench.store.heartbeat(holder, null, { percent });
      await bench.store.release(holder);
      const next = await bench.claimOne();
      bench.clock.advance(1000);
      expect(await bench.store.tellProgress()).toBe(0);
      expect((await bench.find(next)).progress).toBeNull();
    });
  });
}
