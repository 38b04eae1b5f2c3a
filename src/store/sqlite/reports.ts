// What the holder of a lease may say: still here, done, failed, not now. Nobody else is heard.
import { createHash } from 'node:crypto';
import { hasEnded, type JobStatus, type Progress } from '../../contract/job.ts';
import { illegalTransition, leaseLost } from '../../contract/errors.ts';
import type { Failure, JobStore, LeaseHolder } from '../job-store.ts';
import type { Transaction } from './group-commit.ts';
import type { JobRow } from './job-row.ts';
import { CANCELLED, type JobWriter } from './job-writer.ts';
import type { Lease } from './leases.ts';
import { read, type Session } from './session.ts';

type Reports = Pick<JobStore, 'heartbeat' | 'complete' | 'fail' | 'release' | 'tellProgress'>;

/** Progress becomes at most one event in this time, milliseconds. */
const PROGRESS_EVENT_MS = 1000;

export function reports(session: Session, writer: JobWriter): Reports {
  const { options, commits, leases } = session;

  /** The lease, if the token is the one that holds it; throws `job_not_found` or `lease_lost`. */
  function heldLease(holder: LeaseHolder): Lease {
    const lease = leases.get(holder.jobId);
    if (lease && lease.token === holder.leaseToken && lease.tenant === holder.tenant) return lease;
    throw leaseLost(writer.load(holder).status);
  }

  /** What a heartbeat has to write: progress, or a lease length to survive a restart. */
  function record(
    tx: Transaction,
    holder: LeaseHolder,
    lease: Lease,
    beat: { leaseSeconds: number; progress: Progress | null },
  ): void {
    const { leaseSeconds, progress } = beat;
    const row = writer.load(holder);
    if (row.status !== 'running' || row.leaseToken !== holder.leaseToken)
      throw leaseLost(row.status);
    tx.afterCommit(() => (lease.lengthMs = leaseSeconds * 1000));
    if (progress === null) return writer.saveQuietly(tx, row, { leaseSeconds }, 'progress');
    const changes = { leaseSeconds, progress: JSON.stringify(progress) };
    const tooSoon = options.clock.monotonic() - lease.progressEventAt < PROGRESS_EVENT_MS;
    if (!tooSoon) return tell(tx, lease, row, changes);
    writer.saveQuietly(tx, row, changes, 'progress');
    tx.afterCommit(() => (lease.hasUntoldProgress = true));
  }

  function tell(
    tx: Transaction,
    lease: Lease,
    row: JobRow,
    changes: Partial<JobRow> & { progress: string },
  ): void {
    const progress: unknown = JSON.parse(changes.progress);
    writer.save(tx, row, changes, 'progress', { progress });
    const monotonic = options.clock.monotonic();
    tx.afterCommit(() => {
      lease.progressEventAt = monotonic;
      lease.hasUntoldProgress = false;
    });
  }

  /** What a follower saw last would stay so until the next report, which may be the end. */
  function tellLate(tx: Transaction, lease: Lease): boolean {
    const row = writer.loadBySeq(lease.seq);
    const isHeld = row?.status === 'running' && row.leaseToken === lease.token;
    if (!isHeld || row.progress === null || !lease.hasUntoldProgress) return false;
    tell(tx, lease, row, { progress: row.progress });
    return true;
  }

  function endLease(jobId: string): void {
    const lease = leases.get(jobId);
    if (lease) session.workers.noteHolder(lease);
    leases.end(jobId);
  }

  /**
   * Runs `end` for the holder of the lease. The call that ended a lease is kept as a digest: the
   * same call again gets its answer again (the first may have been lost on the way).
   */
  function report(
    holder: LeaseHolder,
    call: unknown[],
    end: (tx: Transaction, row: JobRow) => JobRow,
  ) {
    const reportDigest = digestOf(call);
    return commits.run((tx): JobStatus => {
      const row = writer.load(holder);
      if (row.leaseToken !== holder.leaseToken) throw leaseLost(row.status);
      if (row.reportDigest?.equals(reportDigest)) return row.status;
      if (row.status !== 'running') throw alreadyOver(row.status);
      const ended = end(tx, { ...row, reportDigest });
      tx.afterCommit(() => endLease(row.jobId));
      return ended.status;
    });
  }

  function failed(tx: Transaction, row: JobRow, failure: Failure): JobRow {
    const { code, message, retry, retryDelayMs } = failure;
    if (row.cancelRequestedAt !== null) return cancelled(tx, row);
    writer.endAttempt(row, 'failed', message);
    if (!retry || row.attempt >= row.maxAttempts) {
      return writer.end(tx, row, { status: 'failed', code, message });
    }
    const delayMs = retryDelayMs ?? options.retryDelayMs(row.attempt);
    const changes = { attempt: row.attempt + 1, runAt: options.clock.now() + delayMs };
    return writer.requeue(tx, row, changes, { reason: 'retry', message });
  }

  function cancelled(tx: Transaction, row: JobRow): JobRow {
    writer.endAttempt(row, 'cancelled');
    return writer.end(tx, row, CANCELLED);
  }

  return {
    async heartbeat(holder, wantedSeconds, progress) {
      const lease = await read(() => heldLease(holder));
      session.workers.noteHolder(lease);
      const leaseSeconds = wantedSeconds ?? lease.lengthMs / 1000;
      // Before the write: on a full disk a worker that is alive must not lose its job.
      lease.lapsesAt = options.clock.monotonic() + leaseSeconds * 1000;
      if (progress !== null || leaseSeconds * 1000 !== lease.lengthMs) {
        await commits.run((tx) => record(tx, holder, lease, { leaseSeconds, progress }));
      }
      return { cancelRequested: lease.graceEndsAt !== Infinity, leaseSeconds };
    },

    async tellProgress() {
      const late = leases.untold(options.clock.monotonic() - PROGRESS_EVENT_MS);
      const told = await Promise.all(late.map((lease) => commits.run((tx) => tellLate(tx, lease))));
      return told.filter(Boolean).length;
    },

    complete: (holder, result) =>
      report(holder, ['complete', result.text], (tx, row) => {
        writer.endAttempt(row, 'done');
        return writer.end(tx, row, { status: 'done', code: 200, message: 'success', result });
      }),

    fail: (holder, failure) =>
      report(holder, ['fail', failure], (tx, row) => failed(tx, row, failure)),

    release: (holder) =>
      report(holder, ['release'], (tx, row) => {
        if (row.cancelRequestedAt !== null) return cancelled(tx, row);
        writer.endAttempt(row, 'released');
        return writer.requeue(tx, row, {}, { reason: 'released' });
      }),
  };
}

function digestOf(call: unknown[]): Buffer {
  return createHash('sha256').update(JSON.stringify(call)).digest();
}

function alreadyOver(status: JobStatus) {
  const message = hasEnded(status)
    ? `This job is ${status} already, by another report than this one`
    : 'This lease was ended by another report than this one';
  return illegalTransition(message, status);
}
