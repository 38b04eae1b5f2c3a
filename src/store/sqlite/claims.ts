// Claiming: waiting jobs to a worker, best first, each under a new fence and lease.
import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { and, desc, eq, sql } from '../../../db/drizzle.ts';
import { attempts, jobPayloads, jobs } from '../../../db/schema.ts';
import type { Clock } from '../../contract/clock.ts';
import { JsonText } from '../../contract/json-text.ts';
import type { ClaimedJob, ClaimRequest, JobStore } from '../job-store.ts';
import type { StoreObserver } from '../store-observer.ts';
import type { Transaction } from './group-commit.ts';
import type { JobRow } from './job-row.ts';
import type { JobWriter } from './job-writer.ts';
import type { Lease } from './leases.ts';
import { lazily, param, type Session } from './session.ts';

/** `code` of a job that failed because what is stored of it is damaged. */
const DAMAGED_CODE = 500;

interface Candidate {
  seq: number;
  priority: number;
  runAt: number;
}

/**
 * Characters of payload with which a claim ends, however many jobs it asks for: the answer is one
 * text, and with MAX_BODY_BYTES at its greatest a hundred payloads are more than a text can be.
 */
const ENOUGH_PAYLOAD = 8 * 1024 * 1024;

export function claims(session: Session, writer: JobWriter): Pick<JobStore, 'claim'> {
  const { options, commits, leases } = session;
  const statements = lazily(() => prepareStatements(session));
  const findWaiting = lazily(() => prepareWaiting(session));

  /** The best waiting jobs over all of the endpoints, each endpoint's read from its index. */
  function candidates({ tenant, endpoints, max }: ClaimRequest): Candidate[] {
    const found = [...new Set(endpoints)].flatMap((endpoint) =>
      findWaiting()({ tenant, endpoint, max }),
    );
    return found.sort(byOrder).slice(0, max);
  }

  function claimAll(tx: Transaction, request: ClaimRequest): ClaimedJob[] {
    const claimed: ClaimedJob[] = [];
    let size = 0;
    for (const { seq } of candidates(request)) {
      if (size >= ENOUGH_PAYLOAD) break;
      const job = claimOne(tx, request, seq);
      if (!job) continue;
      claimed.push(job);
      size += job.payload.text.length;
    }
    return claimed;
  }

  function claimOne(tx: Transaction, request: ClaimRequest, seq: number): ClaimedJob | undefined {
    const queued = writer.loadBySeq(seq);
    if (queued?.status !== 'queued') return undefined;
    const running = start(tx, queued, request);
    const payload = intactPayload(seq);
    if (!payload) return failDamaged(tx, running);
    const lease = leaseOf(running, request);
    tx.afterCommit(() => {
      leases.set(lease);
      options.observer?.claimed(running.endpoint, (running.startedAt ?? 0) - queued.updatedAt);
    });
    return {
      jobId: running.jobId,
      id: running.id,
      endpoint: running.endpoint,
      payload,
      attempt: running.attempt,
      maxAttempts: running.maxAttempts,
      leaseToken: lease.token,
      leaseSeconds: request.leaseSeconds,
      deadlineAt: (running.startedAt ?? 0) + running.maxRuntimeSeconds * 1000,
    };
  }

  function intactPayload(seq: number): JsonText | undefined {
    const stored = statements().payload.get({ seq });
    return stored && crc32(stored.payload) === stored.crc
      ? new JsonText(stored.payload)
      : undefined;
  }

  /** It can never be run, and would stand in the way of every job behind it. */
  function failDamaged(tx: Transaction, row: JobRow): undefined {
    const message = 'The stored payload of this job is damaged';
    writer.endAttempt(row, 'failed', message);
    writer.end(tx, { ...row, leaseToken: null }, { status: 'failed', code: DAMAGED_CODE, message });
  }

  function start(tx: Transaction, row: JobRow, request: ClaimRequest): JobRow {
    const now = options.clock.now();
    const { workerId, workerPid, leaseSeconds } = request;
    const fence = row.fence + 1;
    statements().addAttempt.run({ jobSeq: row.seq, fence, workerId, workerPid, startedAt: now });
    const changes: Partial<JobRow> = {
      status: 'running',
      ready: 0,
      fence,
      // 122 random bits, of which Node draws many at once: a draw for each cost 3 % of a claim.
      leaseToken: randomUUID(),
      leaseSeconds,
      leaseDeadlineAt: now + leaseSeconds * 1000,
      reportDigest: null,
      workerId,
      workerPid,
      startedAt: now,
      progress: null,
    };
    return writer.save(tx, row, changes, 'running', { worker_id: workerId });
  }

  function leaseOf(row: JobRow, request: ClaimRequest): Lease {
    const { leaseSeconds } = request;
    const monotonic = options.clock.monotonic();
    return {
      seq: row.seq,
      jobId: row.jobId,
      tenant: row.tenant,
      workerId: request.workerId,
      workerPid: request.workerPid,
      token: row.leaseToken ?? '',
      lengthMs: leaseSeconds * 1000,
      startedAt: monotonic,
      lapsesAt: monotonic + leaseSeconds * 1000,
      runtimeEndsAt: monotonic + row.maxRuntimeSeconds * 1000,
      graceEndsAt: Infinity,
      progressEventAt: -Infinity,
      hasUntoldProgress: false,
    };
  }

  const claim: JobStore['claim'] = (request) => {
    session.workers.noteClaim(request);
    return commits.runNewWork((tx) => claimAll(tx, request));
  };
  return { claim: options.observer ? timed(claim, options.observer, options.clock) : claim };
}

function timed(claim: JobStore['claim'], observer: StoreObserver, clock: Clock): JobStore['claim'] {
  return async (request) => {
    const begunAt = clock.monotonic();
    const claimed = await claim(request);
    observer.claimAnswered(clock.monotonic() - begunAt);
    return claimed;
  };
}

function byOrder(a: Candidate, b: Candidate): number {
  return b.priority - a.priority || a.runAt - b.runAt || a.seq - b.seq;
}

/**
 * `status` and `ready` are literals: only then does SQLite see that the partial index serves. A bare
 * parameter beside them, also as the limit, may change its plan, and so it compiles the statement
 * anew whenever one is bound: 20 to 30 µs for a search of 2. Within an expression it does not.
 */
function prepareWaiting({ orm, sqlite }: Session) {
  const query = orm
    .select({ seq: jobs.seq, priority: jobs.priority, runAt: jobs.runAt })
    .from(jobs)
    .where(
      and(
        eq(jobs.tenant, sql`(${param('tenant')} || '')`),
        eq(jobs.endpoint, sql`(${param('endpoint')} || '')`),
        sql`status = 'queued' and ready = 1`,
      ),
    )
    .orderBy(desc(jobs.priority), jobs.runAt, jobs.seq)
    .toSQL();
  const statement = sqlite
    .prepare<[string, string, number], [number, number, number]>(`${query.sql} limit (? + 0)`)
    .raw();
  return ({ tenant, endpoint, max }: { tenant: string; endpoint: string; max: number }) =>
    statement
      .all(tenant, endpoint, max)
      .map(([seq, priority, runAt]): Candidate => ({ seq, priority, runAt }));
}

function prepareStatements({ orm }: Session) {
  return {
    payload: orm
      .select({ payload: jobPayloads.payload, crc: jobPayloads.crc })
      .from(jobPayloads)
      .where(eq(jobPayloads.seq, param('seq')))
      .prepare(),
    addAttempt: orm
      .insert(attempts)
      .values({
        jobSeq: param('jobSeq'),
        fence: param('fence'),
        workerId: param('workerId'),
        workerPid: param('workerPid'),
        startedAt: param('startedAt'),
      })
      .prepare(),
  };
}
