// What a caller may decide about a job: cancel it, retry it, delete it.
import { eq } from '../../../db/drizzle.ts';
import { jobs } from '../../../db/schema.ts';
import type { AuditAction } from '../../contract/audit.ts';
import { illegalTransition } from '../../contract/errors.ts';
import { hasEnded, type JobStatus } from '../../contract/job.ts';
import type { JobStore, ManyChanged } from '../job-store.ts';
import type { Transaction } from './group-commit.ts';
import type { JobRow } from './job-row.ts';
import { CANCELLED, type JobWriter } from './job-writer.ts';
import { lazily, param, type Session } from './session.ts';

type Decisions = Pick<JobStore, 'cancel' | 'cancelMany' | 'retry' | 'retryMany' | 'delete'>;

const CANCELLABLE: readonly JobStatus[] = ['queued', 'running'];
const RETRYABLE: readonly JobStatus[] = ['failed', 'cancelled'];

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

/** Only an import makes a failed job that nobody ever claimed. */
function wasImported({ status, fence }: JobRow): boolean {
  return status === 'failed' && fence === 0;
}

function whyNotRetried(row: JobRow): string {
  if (wasImported(row)) return 'This job was imported without its payload: submit it anew';
  return `This job is ${row.status}: only a failed or cancelled job can be retried`;
}

/** A failed or cancelled job, and its payload is here. */
const isRetryable = (row: JobRow) => RETRYABLE.includes(row.status) && !wasImported(row);

const isCancellable = (row: JobRow) => CANCELLABLE.includes(row.status);

export function decisions(session: Session, writer: JobWriter): Decisions {
  const { options, commits, leases, orm } = session;
  const remove = lazily(() =>
    orm
      .delete(jobs)
      .where(eq(jobs.seq, param('seq')))
      .prepare(),
  );

  function note({ tenant, jobId }: JobRow, action: AuditAction, by: string | undefined): void {
    session.audit.note(by, { tenant, action, target: jobId });
  }

  /** The worker learns of it at its next heartbeat, and has the grace to stop. */
  function requestCancel(tx: Transaction, row: JobRow): boolean {
    if (row.cancelRequestedAt !== null) return false;
    writer.save(tx, row, { cancelRequestedAt: options.clock.now() }, 'cancel_requested');
    tx.afterCommit(() => {
      const lease = leases.get(row.jobId);
      if (lease) lease.graceEndsAt = options.clock.monotonic() + options.cancelGraceMs;
    });
    return true;
  }

  /** Of a job that is `CANCELLABLE`; whether anything had to be done. */
  function cancel(tx: Transaction, row: JobRow, by: string | undefined): boolean {
    if (row.status === 'running' && !requestCancel(tx, row)) return false;
    if (row.status !== 'running') writer.end(tx, row, CANCELLED);
    note(row, 'job.cancel', by);
    return true;
  }

  /** Of a job that is `RETRYABLE`. */
  function retry(tx: Transaction, row: JobRow, by: string | undefined): boolean {
    const changes = { ...FRESH, runAt: options.clock.now() };
    writer.requeue(tx, row, changes, { reason: 'retried_by_request' });
    note(row, 'job.retry', by);
    return true;
  }

  function changeEach(
    tenant: string,
    jobIds: readonly string[],
    isFitting: (row: JobRow) => boolean,
    change: (row: JobRow) => boolean,
  ): ManyChanged {
    let matched = 0;
    let changed = 0;
    for (const jobId of jobIds) {
      const row = writer.find({ tenant, jobId });
      if (!row || !isFitting(row)) continue;
      matched += 1;
      if (change(row)) changed += 1;
    }
    return { matched, changed };
  }

  return {
    cancel: (ref, by) =>
      commits.run((tx) => {
        const row = writer.load(ref);
        if (isCancellable(row)) cancel(tx, row, by);
        else if (row.status !== 'cancelled') {
          throw illegalTransition(
            `This job is ${row.status} and cannot be cancelled any more`,
            row.status,
          );
        }
      }),

    retry: (ref, by) =>
      commits.runNewWork((tx) => {
        const row = writer.load(ref);
        if (!isRetryable(row)) throw illegalTransition(whyNotRetried(row), row.status);
        retry(tx, row, by);
      }),

    cancelMany: (tenant, jobIds, by) =>
      commits.run(
        (tx) => changeEach(tenant, jobIds, isCancellable, (row) => cancel(tx, row, by)),
        jobIds.length,
      ),

    retryMany: (tenant, jobIds, by) =>
      commits.runNewWork(
        (tx) => changeEach(tenant, jobIds, isRetryable, (row) => retry(tx, row, by)),
        jobIds.length,
      ),

    delete: (ref, by) =>
      commits.run((tx) => {
        const row = writer.load(ref);
        if (!hasEnded(row.status)) {
          throw illegalTransition(
            `This job is ${row.status}: cancel it before it is deleted`,
            row.status,
          );
        }
        writer.announceRemoval(tx, row);
        remove().run({ seq: row.seq });
        session.counters.move(tx, row, null);
        note(row, 'job.delete', by);
      }),
  };
}
