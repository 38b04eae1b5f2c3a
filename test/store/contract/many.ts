// Conformance: cancelling and retrying many jobs in one commit, each as if it were alone.
import { describe, expect, it } from 'vitest';
import { JOB_STATUSES } from '../../../src/contract/job.ts';
import { benchFor, expectCountersToAgree, TENANT, type Bench, type Suite } from './harness.ts';

const UNKNOWN = '01936d5c-0000-7000-8000-000000000000';

/** One job in each state, by its state. */
async function oneOfEach(bench: Bench) {
  const ids: Record<string, string> = {};
  for (const status of JOB_STATUSES.toReversed()) ids[status] = (await bench.inState(status)).jobId;
  return ids;
}

async function statuses(bench: Bench, ids: Record<string, string>) {
  const found = await bench.store.findStatuses(TENANT, Object.values(ids));
  return Object.fromEntries(Object.entries(ids).map(([was, jobId]) => [was, found.get(jobId)]));
}

export function manyTests(suite: Suite): void {
  describe('many', () => {
    it('are cancelled as one by one; those in other states are left alone', async () => {
      const bench = await benchFor(suite);
      const ids = await oneOfEach(bench);
      const all = [...Object.values(ids), UNKNOWN, ids['queued']!];
      expect(await bench.store.cancelMany(TENANT, all)).toEqual({ matched: 2, changed: 2 });
      expect(await statuses(bench, ids)).toEqual({
        queued: 'cancelled',
        running: 'running',
        done: 'done',
        failed: 'failed',
        cancelled: 'cancelled',
      });
      expect(bench.kinds(ids['queued']!)).toEqual(['queued', 'cancelled']);
      expect(bench.kinds(ids['running']!)).toEqual(['queued', 'running', 'cancel_requested']);
      // The running one was asked to stop before.
      expect(await bench.store.cancelMany(TENANT, all)).toEqual({ matched: 1, changed: 0 });
      await bench.pass(60_000);
      expect((await statuses(bench, ids))['running']).toBe('cancelled');
      await expectCountersToAgree(bench, TENANT);
    });

    it('are retried as one by one; those in other states are left alone', async () => {
      const bench = await benchFor(suite);
      const ids = await oneOfEach(bench);
      const all = [...Object.values(ids), UNKNOWN, ids['failed']!];
      expect(await bench.store.retryMany(TENANT, all)).toEqual({ matched: 2, changed: 2 });
      expect(await statuses(bench, ids)).toEqual({
        queued: 'queued',
        running: 'running',
        done: 'done',
        failed: 'queued',
        cancelled: 'queued',
      });
      const { attempt, end } = await bench.find({ tenant: TENANT, jobId: ids['failed']! });
      expect({ attempt, end }).toEqual({ attempt: 1, end: null });
      expect(await bench.claim({ max: 10 })).toHaveLength(3);
      expect(await bench.store.retryMany(TENANT, [])).toEqual({ matched: 0, changed: 0 });
      await expectCountersToAgree(bench, TENANT);
    });
  });
}
