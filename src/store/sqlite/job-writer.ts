// The one way a job changes: load its row, save the changed row with its event, tell the listeners.
import { crc32 } from 'node:zlib';
import { and, eq } from '../../../db/drizzle.ts';
import { attempts, events, jobs } from '../../../db/schema.ts';
import { jobNotFound } from '../../contract/errors.ts';
import { CANCELLED_CODE, canTransition, type AttemptOutcome } from '../../contract/job.ts';
import type { JsonText } from '../../contract/json-text.ts';
import type { ChangeKind, JobEvent } from '../../contract/job-event.ts';
import type { JobRef } from '../job-store.ts';
import type { Transaction } from './group-commit.ts';
import { rowColumns, type JobRow } from './job-row.ts';
import { lazily, param, type Session } from './session.ts';
import { WebhookOutbox } from './webhook-outbox.ts';

/** How a job ends. */
export interface Ending {
  status: 'done' | 'failed' | 'cancelled';
  code: number;
  message: string;
  result?: JsonText;
}

/** What an event tells of a row. */
export type ChangedRow = Pick<
  JobRow,
  'seq' | 'tenant' | 'jobId' | 'endpoint' | 'status' | 'ready' | 'version' | 'attempt' | 'updatedAt'
>;

export const CANCELLED: Ending = {
  status: 'cancelled',
  code: CANCELLED_CODE,
  message: 'cancelled',
};

export class JobWriter {
  readonly #session: Session;
  readonly #statements: () => ReturnType<typeof prepareStatements>;
  readonly #outbox: WebhookOutbox;

  constructor(session: Session) {
    this.#session = session;
    this.#outbox = new WebhookOutbox(session);
    this.#statements = lazily(() => prepareStatements(session));
  }

  /** The row as it is now; throws `job_not_found`. */
  load(ref: JobRef): JobRow {
    const row = this.find(ref);
    if (!row) throw jobNotFound(ref.jobId);
    return row;
  }

  find({ tenant, jobId }: JobRef): JobRow | undefined {
    return this.#statements().load.get({ tenant, jobId });
  }

  loadBySeq(seq: number): JobRow | undefined {
    return this.#statements().loadBySeq.get({ seq });
  }

  /** Writes `row` with `changes`, the next version and an event; tells listeners after the commit. */
  save(
    tx: Transaction,
    row: JobRow,
    changes: Partial<JobRow>,
    kind: ChangeKind,
    data: object = {},
  ) {
    const saved = this.#write(tx, row, changes);
    this.announce(tx, saved, kind, data);
    return saved;
  }

  /** Like `save`, but without an event of its own (progress within the same second). */
  saveQuietly(tx: Transaction, row: JobRow, changes: Partial<JobRow>, kind: ChangeKind): void {
    this.#tell(tx, this.#write(tx, row, changes), kind);
  }

  #write(tx: Transaction, row: JobRow, changes: Partial<JobRow>, result?: JsonText): JobRow {
    const updatedAt = this.#session.options.clock.now();
    const saved = { ...row, ...changes, version: row.version + 1, updatedAt };
    if (saved.status !== row.status && !canTransition(row.status, saved.status)) {
      throw new Error(`illegal move ${row.status} -> ${saved.status}`);
    }
    this.#session.counters.move(tx, row, saved);
    if (!result) this.#statements().save.run(saved);
    else
      this.#statements().saveDone.run({
        ...saved,
        result: result.text,
        resultCrc: crc32(result.text),
      });
    return saved;
  }

  /** The event of a change that is in the row already. */
  announce(tx: Transaction, row: ChangedRow, kind: ChangeKind, data: object = {}): void {
    this.#tell(tx, row, kind, this.#addEvent(row, kind, data));
  }

  /**
   * The last event of a row, written before it is removed. It goes with the row, but had a number
   * of its own: those who follow now are told, those who come later find no job.
   */
  announceRemoval(tx: Transaction, row: ChangedRow): void {
    const updatedAt = this.#session.options.clock.now();
    this.announce(tx, { ...row, version: row.version + 1, ready: 0, updatedAt }, 'deleted');
  }

  #addEvent(row: ChangedRow, kind: ChangeKind, data: object): JobEvent {
    const { seq, tenant, jobId, endpoint, version, updatedAt: at, status, attempt } = row;
    const added = this.#statements().addEvent.run({
      tenant,
      jobSeq: seq,
      jobId,
      version,
      kind,
      at,
      data: JSON.stringify({ job_status: status, attempt, ...data }),
    });
    return {
      seq: Number(added.lastInsertRowid),
      job_id: jobId,
      endpoint,
      kind,
      job_status: status,
      version,
      attempt,
      at,
      data: { ...data },
    };
  }

  #tell(tx: Transaction, row: ChangedRow, kind: ChangeKind, event?: JobEvent): void {
    const { tenant, jobId, endpoint, version, ready } = row;
    const change = { tenant, jobId, endpoint, kind, version, claimable: ready === 1 };
    tx.afterCommit(() => this.#session.announce(event ? { ...change, event } : change));
  }

  /** Ends the job: frozen from here on, and nobody holds it. */
  end(tx: Transaction, row: JobRow, { status, code, message, result }: Ending): JobRow {
    const changes = { status, ready: 0, ...this.#endColumns(row, code, message) };
    const ended = this.#write(tx, row, changes, result);
    const at = ended.updatedAt;
    this.#session.activity.count(
      tx,
      ended,
      status,
      at,
      status === 'done' ? (ended.endRunMs ?? 0) : 0,
    );
    this.announce(tx, ended, status, { code, message });
    this.#outbox.add(tx, ended, status);
    return ended;
  }

  #endColumns(row: JobRow, endCode: number, endMessage: string) {
    const { clock, pid, buildNumber } = this.#session.options;
    const endedAt = clock.now();
    const endRunMs = this.#runMs(row);
    return {
      endedAt,
      expiresAt: this.#expiresAt(row, endedAt),
      endCode,
      endMessage,
      endPid: row.workerPid ?? pid,
      endTotalMs: Math.max(endedAt - row.createdAt, endRunMs),
      endRunMs,
      // Without this job itself, which is still counted where it was.
      endQueueLength: this.#session.counters.queueLength(row.tenant) - row.ready,
      endBuildNumber: buildNumber,
    };
  }

  /**
   * Back to the queue; with a new `runAt` still to come it waits for that. Its old one is over, even
   * when the clock was set back since.
   */
  requeue(tx: Transaction, row: JobRow, changes: Partial<JobRow>, data: object): JobRow {
    const { runAt = -Infinity } = changes;
    const ready = runAt <= this.#session.options.clock.now() ? 1 : 0;
    return this.save(tx, row, { ...changes, status: 'queued', ready }, 'queued', data);
  }

  endAttempt(row: JobRow, outcome: AttemptOutcome, message: string | null = null): void {
    const endedAt = this.#session.options.clock.now();
    this.#statements().endAttempt.run({
      jobSeq: row.seq,
      fence: row.fence,
      endedAt,
      outcome,
      message,
    });
  }

  /**
   * Of the last attempt: on the monotonic clock where it ends now, as it was noted where it ended
   * before; 0 when no worker ever had the job.
   */
  #runMs(row: JobRow): number {
    if (row.status === 'running') {
      const lease = this.#session.leases.get(row.jobId);
      return lease ? Math.round(this.#session.options.clock.monotonic() - lease.startedAt) : 0;
    }
    const last = this.#statements().lastAttempt.get({ jobSeq: row.seq, fence: row.fence });
    return last?.endedAt ? Math.max(last.endedAt - last.startedAt, 0) : 0;
  }

  #expiresAt(row: JobRow, endedAt: number): number | null {
    if (row.retentionSeconds !== null) return endedAt + row.retentionSeconds * 1000;
    const { retentionMs } = this.#session.options;
    return retentionMs === 0 ? null : endedAt + retentionMs;
  }
}

/** Columns that may change after submission. Naming no others spares SQLite their indexes. */
const CHANGING = [
  'status',
  'ready',
  'version',
  'runAt',
  'attempt',
  'lostLeases',
  'fence',
  'leaseToken',
  'leaseSeconds',
  'leaseDeadlineAt',
  'reportDigest',
  'workerId',
  'workerPid',
  'cancelRequestedAt',
  'updatedAt',
  'startedAt',
  'endedAt',
  'expiresAt',
  'progress',
  'endCode',
  'endMessage',
  'endPid',
  'endTotalMs',
  'endRunMs',
  'endQueueLength',
  'endBuildNumber',
] as const satisfies (keyof JobRow)[];

function prepareStatements({ orm }: Session) {
  const set = Object.fromEntries(CHANGING.map((name) => [name, param(name)]));
  const withResult = { ...set, result: param('result'), resultCrc: param('resultCrc') };
  return {
    load: orm
      .select(rowColumns)
      .from(jobs)
      .where(and(eq(jobs.jobId, param('jobId')), eq(jobs.tenant, param('tenant'))))
      .prepare(),
    loadBySeq: orm
      .select(rowColumns)
      .from(jobs)
      .where(eq(jobs.seq, param('seq')))
      .prepare(),
    save: orm
      .update(jobs)
      .set(set)
      .where(eq(jobs.seq, param('seq')))
      .prepare(),
    saveDone: orm
      .update(jobs)
      .set(withResult)
      .where(eq(jobs.seq, param('seq')))
      .prepare(),
    addEvent: orm
      .insert(events)
      .values({
        tenant: param('tenant'),
        jobSeq: param('jobSeq'),
        jobId: param('jobId'),
        version: param('version'),
        kind: param('kind'),
        at: param('at'),
        data: param('data'),
      })
      .prepare(),
    lastAttempt: orm
      .select({ startedAt: attempts.startedAt, endedAt: attempts.endedAt })
      .from(attempts)
      .where(and(eq(attempts.jobSeq, param('jobSeq')), eq(attempts.fence, param('fence'))))
      .prepare(),
    endAttempt: orm
      .update(attempts)
      .set({ endedAt: param('endedAt'), outcome: param('outcome'), message: param('message') })
      .where(and(eq(attempts.jobSeq, param('jobSeq')), eq(attempts.fence, param('fence'))))
      .prepare(),
  };
}
