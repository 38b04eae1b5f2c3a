// Conformance: which verb is heard in which state, and that a refused one changes nothing.
import { describe, expect, it } from 'vitest';
import { JOB_STATUSES, type JobStatus } from '../../../src/contract/job.ts';
import type { JobStore, LeaseHolder } from '../../../src/store/job-store.ts';
import {
  benchFor,
  expectRefusal,
  expectUnchanged,
  failure,
  refTo,
  RESULT,
  type Suite,
} from './harness.ts';

type Verb = 'heartbeat' | 'complete' | 'fail' | 'release' | 'cancel' | 'retry' | 'delete';

const CALLS: Record<Verb, (store: JobStore, holder: LeaseHolder) => Promise<unknown>> = {
  heartbeat: (store, holder) => store.heartbeat(holder, null, null),
  complete: (store, holder) => store.complete(holder, RESULT),
  fail: (store, holder) => store.fail(holder, failure()),
  release: (store, holder) => store.release(holder),
  cancel: (store, holder) => store.cancel(holder),
  retry: (store, holder) => store.retry(holder),
  delete: (store, holder) => store.delete(holder),
};

const VERBS = Object.keys(CALLS) as Verb[];
const REPORTS: Verb[] = ['heartbeat', 'complete', 'fail', 'release'];

/** What the verb of the token's holder makes of the job; all other pairs are refused. */
const MOVES: Record<JobStatus, Partial<Record<Verb, JobStatus | 'gone'>>> = {
  queued: { cancel: 'cancelled' },
  running: {
    heartbeat: 'running',
    complete: 'done',
    fail: 'queued',
    release: 'queued',
    cancel: 'running',
  },
  done: { delete: 'gone' },
  failed: { retry: 'queued', delete: 'gone' },
  cancelled: { cancel: 'cancelled', retry: 'queued', delete: 'gone' },
};

/** Reports that ended the lease of a job which `inState` brought here: sent again, they are heard. */
const REPLAYS: Partial<Record<JobStatus, Verb>> = { done: 'complete', cancelled: 'release' };

const PAIRS = JOB_STATUSES.flatMap((status) => VERBS.map((verb) => ({ status, verb })));
const LEGAL = PAIRS.filter(({ status, verb }) => MOVES[status][verb]);
const REPLAYED = PAIRS.filter(({ status, verb }) => REPLAYS[status] === verb);
const REFUSED = PAIRS.filter((pair) => !LEGAL.includes(pair) && !REPLAYED.includes(pair));

export function transitionTests(suite: Suite): void {
  describe('transitions', () => {
    it.each(LEGAL)('$verb moves a $status job', async ({ status, verb }) => {
      const bench = await benchFor(suite);
      const holder = await bench.inState(status);
      await CALLS[verb](bench.store, holder);
      const expected = MOVES[status][verb];
      expect((await bench.status(holder)) ?? 'gone').toBe(expected);
    });

    it.each(REPLAYED)('$verb sent again of a $status job', async ({ status, verb }) => {
      const bench = await benchFor(suite);
      const holder = await bench.inState(status);
      await expectUnchanged(bench, holder, async () => {
        expect(await CALLS[verb](bench.store, holder)).toBe(status);
      });
    });

    it.each(REFUSED)('$verb of a $status job is refused', async ({ status, verb }) => {
      const bench = await benchFor(suite);
      const holder = await bench.inState(status);
      // A job that waits has no lease, and a heartbeat of an ended one has none any more.
      const isLost = REPORTS.includes(verb) && (status === 'queued' || verb === 'heartbeat');
      const code = isLost ? 'lease_lost' : 'illegal_transition';
      await expectUnchanged(bench, holder, () =>
        expectRefusal(CALLS[verb](bench.store, holder), code, status),
      );
    });

    it.each(VERBS)('%s of a job that is not there', async (verb) => {
      const bench = await benchFor(suite);
      const nobody = refTo('01936d5c-0000-7000-8000-000000000000');
      const call = CALLS[verb](bench.store, { ...nobody, leaseToken: 'none' });
      const refusal = await expectRefusal(call, 'job_not_found');
      expect(refusal.details.jobId).toBe(nobody.jobId);
    });

    it.each(JOB_STATUSES)('a bad token wins over a bad transition: %s', async (status) => {
      const bench = await benchFor(suite);
      const holder = await bench.inState(status);
      for (const verb of REPORTS) {
        await expectUnchanged(bench, holder, () => {
          const stranger = { ...holder, leaseToken: 'a token of nobody' };
          return expectRefusal(CALLS[verb](bench.store, stranger), 'lease_lost', status);
        });
      }
    });

    it('the version rises by one with each change', async () => {
      const bench = await benchFor(suite);
      const versions: number[] = [];
      const note = async (ref: LeaseHolder) => versions.push((await bench.find(ref)).version);
      const holder = await bench.running();
      await note(holder);
      await bench.store.heartbeat(holder, null, { percent: 10 });
      await note(holder);
      await bench.store.cancel(holder);
      await note(holder);
      await bench.store.cancel(holder);
      await note(holder);
      await bench.store.release(holder);
      await note(holder);
      await bench.store.retry(holder);
      await note(holder);
      expect(versions).toEqual([2, 3, 4, 4, 5, 6]);
      expect(bench.changes.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
    });
  });
}
