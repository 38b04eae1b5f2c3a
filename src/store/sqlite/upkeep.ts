// Upkeep: what time does to jobs (lapsed leases, delays that are over, retention) and to the file.
import { and, asc, eq, lte, min, sql } from '../../../db/drizzle.ts';
import { events, idempotencyKeys, jobs } from '../../../db/schema.ts';
import type { AttemptOutcome } from '../../contract/job.ts';
import type { JobStore } from '../job-store.ts';
import type { LeaseLoss } from '../store-observer.ts';
import type { Transaction } from './group-commit.ts';
import type { JobRow } from './job-row.ts';
import { CANCELLED, type JobWriter } from './job-writer.ts';
import { isOver, type Lease } from './leases.ts';
import { lazily, param, read, type Session } from './session.ts';

type Upkeep = Pick<
  JobStore,
  'expireLeases' | 'nextLeaseExpiry' | 'wakeDelayed' | 'nextDelayed' | 'prune' | 'checkpoint'
>;

/** `code` of a job that failed because its worker did not answer or took too long. */
const WORKER_LOST_CODE = 500;
const TIMED_OUT_CODE = 504;

/** Pages given back to the disk in one go: about 4 MiB, a few milliseconds. */
const VACUUM_PAGES = 1000;

export function upkeep(session: Session, writer: JobWriter): Upkeep {
  const { options, commits, leases, sqlite, checkpoints } = session;
  const statements = lazily(() => prepareStatements(session));

  function expire(tx: Transaction, lease: Lease): boolean {
    // A heartbeat may have come since it was found to be due.
    if (!isOver(lease, options.clock.monotonic())) return false;
    const held = writer.loadBySeq(lease.seq);
    tx.afterCommit(() => {
      if (leases.get(lease.jobId) === lease) leases.end(lease.jobId);
    });
    if (held?.status !== 'running' || held.leaseToken !== lease.token) return false;
    // From here on its worker is a stranger, whatever becomes of the job.
    const row = { ...held, leaseToken: null };
    const loss = lossOf(row, lease);
    takeBack[loss](tx, row);
    tx.afterCommit(() => options.observer?.leaseLost(loss));
    return true;
  }

  function lossOf(row: JobRow, { runtimeEndsAt }: Lease): LeaseLoss {
    if (row.cancelRequestedAt !== null) return 'cancel_grace';
    return runtimeEndsAt <= options.clock.monotonic() ? 'timed_out' : 'lapsed';
  }

  const takeBack: Record<LeaseLoss, (tx: Transaction, row: JobRow) => void> = {
    lapsed,
    timed_out: timedOut,
    cancel_grace: cancelled,
  };

  function cancelled(tx: Transaction, row: JobRow): void {
    writer.endAttempt(row, 'cancelled');
    writer.end(tx, row, CANCELLED);
  }

  function timedOut(tx: Transaction, row: JobRow): void {
    const message = `The attempt ran longer than max_runtime_seconds (${row.maxRuntimeSeconds})`;
    writer.endAttempt(row, 'timed_out', message);
    if (row.attempt >= row.maxAttempts) return fail(tx, row, TIMED_OUT_CODE, message);
    const runAt = options.clock.now() + options.retryDelayMs(row.attempt);
    const changes = { attempt: row.attempt + 1, runAt };
    writer.requeue(tx, row, changes, { reason: 'timed_out', message });
  }

  function lapsed(tx: Transaction, row: JobRow): void {
    const lostLeases = row.lostLeases + 1;
    const message = `Worker ${row.workerId} stopped answering and its lease lapsed`;
    writer.endAttempt(row, 'lease_lost' satisfies AttemptOutcome, message);
    if (lostLeases >= row.maxLostLeases) {
      const reason = `${message}; ${lostLeases} leases of this job were lost (max_lost_leases ${row.maxLostLeases})`;
      return fail(tx, { ...row, lostLeases }, WORKER_LOST_CODE, reason);
    }
    writer.requeue(tx, row, { lostLeases }, { reason: 'lease_lost', message });
  }

  function fail(tx: Transaction, row: JobRow, code: number, message: string): void {
    writer.end(tx, row, { status: 'failed', code, message });
  }

  return {
    async expireLeases(limit) {
      const due = leases.due(options.clock.monotonic(), limit);
      if (due.length === 0) return 0;
      // Each in a write of its own: one damaged job must not keep the others running for ever.
      const ended = await Promise.all(due.map((lease) => commits.run((tx) => expire(tx, lease))));
      return ended.filter(Boolean).length;
    },

    nextLeaseExpiry: () => leases.next(),

    wakeDelayed: (limit) =>
      commits.run((tx) => {
        const due = statements().delayed.all({ now: options.clock.now(), limit });
        for (const { seq } of due) {
          const row = writer.loadBySeq(seq);
          if (row) writer.save(tx, row, { ready: 1 }, 'queued', { reason: 'due' });
        }
        return due.length;
      }),

    nextDelayed: () => read(() => statements().nextDelayed.get()?.runAt ?? undefined),

    prune: (limit) =>
      commits.run((tx) => {
        const now = options.clock.now();
        const expired = statements().expired.all({ now, limit });
        let left = MAX_EVENTS;
        for (const row of expired) {
          left -= statements().dropEvents.run({ seq: row.seq, limit: left }).changes;
          // It may have more: it stays until the next time, which is soon.
          if (left === 0) return limit;
          writer.announceRemoval(tx, row);
          statements().remove.run({ seq: row.seq });
          session.counters.move(tx, row, null);
        }
        const forgotten = statements().forgetKeys.run({ now, limit }).changes;
        session.activity.prune(now);
        return Math.max(expired.length, forgotten);
      }),

    checkpoint: () =>
      read(() => {
        sqlite.pragma(`incremental_vacuum(${VACUUM_PAGES})`);
        checkpoints.noteCommit();
        checkpoints.run();
      }),
  };
}

/** Removed in one commit: a job that told its progress for an hour has some 3,600, gone with it. */
const MAX_EVENTS = 1000;

/** A short retention does not lose the webhook of a receiver that is down. */
const hasToldItsEnd = sql`not exists (select 1 from webhook_deliveries where job_seq = jobs.seq and state = 'pending')`;

function prepareStatements({ orm }: Session) {
  return {
    delayed: orm
      .select({ seq: jobs.seq })
      .from(jobs)
      .where(and(sql`status = 'queued' and ready = 0`, lte(jobs.runAt, param('now'))))
      .orderBy(asc(jobs.runAt))
      .limit(sql.placeholder('limit'))
      .prepare(),
    nextDelayed: orm
      .select({ runAt: min(jobs.runAt) })
      .from(jobs)
      .where(sql`status = 'queued' and ready = 0`)
      .prepare(),
    expired: orm
      .select({
        seq: jobs.seq,
        jobId: jobs.jobId,
        tenant: jobs.tenant,
        endpoint: jobs.endpoint,
        status: jobs.status,
        ready: jobs.ready,
        version: jobs.version,
        attempt: jobs.attempt,
        updatedAt: jobs.updatedAt,
      })
      .from(jobs)
      .where(and(lte(jobs.expiresAt, param('now')), hasToldItsEnd))
      .orderBy(asc(jobs.expiresAt))
      .limit(sql.placeholder('limit'))
      .prepare(),
    dropEvents: orm
      .delete(events)
      .where(
        sql`seq in (select seq from events where job_seq = ${sql.placeholder('seq')} order by seq limit ${sql.placeholder('limit')})`,
      )
      .prepare(),
    remove: orm
      .delete(jobs)
      .where(eq(jobs.seq, param('seq')))
      .prepare(),
    forgetKeys: orm
      .delete(idempotencyKeys)
      .where(
        sql`(tenant, key) in (select tenant, key from idempotency_keys where expires_at <= ${sql.placeholder('now')} limit ${sql.placeholder('limit')})`,
      )
      .prepare(),
  };
}
