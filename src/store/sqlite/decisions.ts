// What a caller may decide about a job: cancel it, retry it, delete it.
import { eq } from '../../../db/drizzle.ts';
import { jobs } from '../../../db/schema.ts';
import { illegalTransition } from '../../contract/errors.ts';
import { hasEnded } from '../../contract/job.ts';
import type { JobStore } from '../job-store.ts';
import type { Transaction } from './group-commit.ts';
import type { JobRow } from './job-row.ts';
import { CANCELLED, type JobWriter } from './job-writer.ts';
import { param, type Session } from './session.ts';

type Decisions = Pick<JobStore, 'cancel' | 'retry' | 'delete'>;

/** What a job that is retried by request begins again with. */
const FRESH = {
  attempt: 1,
  lostLeases: 0,
  leaseToken: null,
  reportDigest: null,
  cancelRequestedAt: null,
  progress: null,
  endedAt: null,
  expiresAt: null,
  endCode: null,
  endMessage: null,
  endPid: null,
  endTotalMs: null,
  endRunMs: null,
  endQueueLength: null,
  endBuildNumber: null,
};

export function decisions(session: Session, writer: JobWriter): Decisions {
  const { options, commits, leases, orm } = session;
  const remove = orm
    .delete(jobs)
    .where(eq(jobs.seq, param('seq')))
    .prepare();

  /** The worker learns of it at its next heartbeat, and has the grace to stop. */
  function requestCancel(tx: Transaction, row: JobRow): void {
    if (row.cancelRequestedAt !== null) return;
    writer.save(tx, row, { cancelRequestedAt: options.clock.now() }, 'cancel_requested');
    tx.afterCommit(() => {
      const lease = leases.get(row.jobId);
      if (lease) lease.graceEndsAt = options.clock.monotonic() + options.cancelGraceMs;
    });
  }

  return {
    cancel: (ref) =>
      commits.run((tx) => {
        const row = writer.load(ref);
        if (row.status === 'queued') writer.end(tx, row, CANCELLED);
        else if (row.status === 'running') requestCancel(tx, row);
        else if (row.status !== 'cancelled') {
          throw illegalTransition(
            `This job is ${row.status} and cannot be cancelled any more`,
            row.status,
          );
        }
      }),

    retry: (ref) =>
      commits.runNewWork((tx) => {
        const row = writer.load(ref);
        if (row.status !== 'failed' && row.status !== 'cancelled') {
          throw illegalTransition(
            `This job is ${row.status}: only a failed or cancelled job can be retried`,
            row.status,
          );
        }
        const changes = { ...FRESH, runAt: options.clock.now() };
        writer.requeue(tx, row, changes, { reason: 'retried_by_request' });
      }),

    delete: (ref) =>
      commits.run((tx) => {
        const row = writer.load(ref);
        if (!hasEnded(row.status)) {
          throw illegalTransition(
            `This job is ${row.status}: cancel it before it is deleted`,
            row.status,
          );
        }
        writer.announceRemoval(tx, row);
        remove.run({ seq: row.seq });
        session.counters.move(tx, row, null);
      }),
  };
}
