// Submission: new jobs into the queue, all or none, within the queue's limit, once per key.
import { crc32 } from 'node:zlib';
import { and, eq } from '../../../db/drizzle.ts';
import { V7Generator } from 'uuidv7';
import { idempotencyKeys, jobPayloads, jobs } from '../../../db/schema.ts';
import { JobgateError } from '../../contract/errors.ts';
import type { JobStore, NewJob, Submitted } from '../job-store.ts';
import type { Transaction } from './group-commit.ts';
import type { JobWriter } from './job-writer.ts';
import { lazily, param, type Session } from './session.ts';

const DEFAULT_MAX_LOST_LEASES = 3;

/** How long a caller does well to wait before it submits to a full queue again. */
const QUEUE_FULL_RETRY_SECONDS = 5;

/** How far the wall clock may be set back before ids stop rising with it, milliseconds. */
export const ID_ROLLBACK_MS = 24 * 60 * 60 * 1000;

export function submissions(session: Session, writer: JobWriter): Pick<JobStore, 'submit'> {
  const { options, commits } = session;
  const statements = lazily(() => prepareStatements(session));
  const ids = new V7Generator();

  function insert(tx: Transaction, job: NewJob): Submitted {
    const now = options.clock.now();
    const jobId = ids.generateOrResetCore(now, ID_ROLLBACK_MS).toString();
    const runAt = job.runAt ?? now;
    const ready = runAt <= now ? 1 : 0;
    const values = { ...job, jobId, runAt, ready, createdAt: now };
    const seq = Number(statements().insertJob.run(values).lastInsertRowid);
    const { text } = job.payload;
    statements().insertPayload.run({ seq, crc: crc32(text), payload: text });
    if (job.idempotency) remember(job, jobId, now);
    const { tenant, endpoint } = job;
    const row = {
      seq,
      tenant,
      jobId,
      endpoint,
      status: 'queued',
      ready,
      version: 1,
      attempt: 1,
      updatedAt: now,
    } as const;
    session.counters.move(tx, null, row);
    session.activity.count(tx, row, 'submitted', now);
    writer.announce(tx, row, 'queued');
    return {
      jobId,
      id: job.id,
      queueLength: session.counters.queueLength(job.tenant),
      replayed: false,
    };
  }

  function remember({ tenant, idempotency }: NewJob, jobId: string, now: number): void {
    if (!idempotency) return;
    const { key, digest, ttlMs } = idempotency;
    statements().rememberKey.run({ tenant, key, digest, jobId, expiresAt: now + ttlMs });
  }

  /** The job an earlier submission with the same key made, also when it was removed since. */
  function replay({ tenant, id, idempotency }: NewJob): Submitted | undefined {
    if (!idempotency) return undefined;
    const known = statements().findKey.get({ tenant, key: idempotency.key });
    if (!known || known.expiresAt <= options.clock.now()) return undefined;
    if (known.digest !== idempotency.digest) throw keyReused(idempotency.key);
    const queueLength = session.counters.queueLength(tenant);
    return { jobId: known.jobId, id, queueLength, replayed: true };
  }

  function refuseOverLimit(): void {
    const { maxQueueLength } = options;
    if (maxQueueLength > 0 && session.counters.queued >= maxQueueLength)
      throw queueFull(maxQueueLength);
  }

  function submitOne(tx: Transaction, job: NewJob, by?: string): Submitted {
    const earlier = replay(job);
    if (earlier) return earlier;
    refuseOverLimit();
    const submitted = insert(tx, job);
    const { tenant } = job;
    session.audit.note(by, { tenant, action: 'job.submit', target: submitted.jobId });
    return submitted;
  }

  return {
    submit: (newJobs, by) =>
      commits.runNewWork((tx) => newJobs.map((job) => submitOne(tx, job, by)), newJobs.length),
  };
}

function queueFull(maxQueueLength: number): JobgateError {
  return new JobgateError('too_many_requests', `MAX_QUEUE_LENGTH (${maxQueueLength}) reached`, {
    retryAfterSeconds: QUEUE_FULL_RETRY_SECONDS,
  });
}

function keyReused(key: string): JobgateError {
  const message = `The idempotency key ${JSON.stringify(key)} was used with another request: use a new key, or send the same request`;
  return new JobgateError('idempotency_mismatch', message);
}

function prepareStatements({ orm }: Session) {
  return {
    insertJob: orm
      .insert(jobs)
      .values({
        jobId: param('jobId'),
        tenant: param('tenant'),
        id: param('id'),
        endpoint: param('endpoint'),
        status: 'queued',
        ready: param('ready'),
        version: 1,
        priority: param('priority'),
        runAt: param('runAt'),
        attempt: 1,
        maxAttempts: param('maxAttempts'),
        lostLeases: 0,
        maxLostLeases: DEFAULT_MAX_LOST_LEASES,
        maxRuntimeSeconds: param('maxRuntimeSeconds'),
        retentionSeconds: param('retentionSeconds'),
        webhookUrl: param('webhookUrl'),
        fence: 0,
        createdAt: param('createdAt'),
        updatedAt: param('createdAt'),
      })
      .prepare(),
    insertPayload: orm
      .insert(jobPayloads)
      .values({ seq: param('seq'), crc: param('crc'), payload: param('payload') })
      .prepare(),
    findKey: orm
      .select({
        digest: idempotencyKeys.digest,
        expiresAt: idempotencyKeys.expiresAt,
        jobId: idempotencyKeys.jobId,
      })
      .from(idempotencyKeys)
      .where(
        and(eq(idempotencyKeys.tenant, param('tenant')), eq(idempotencyKeys.key, param('key'))),
      )
      .prepare(),
    rememberKey: orm
      .insert(idempotencyKeys)
      .values({
        tenant: param('tenant'),
        key: param('key'),
        digest: param('digest'),
        jobId: param('jobId'),
        expiresAt: param('expiresAt'),
      })
      .onConflictDoUpdate({
        target: [idempotencyKeys.tenant, idempotencyKeys.key],
        set: { digest: param('digest'), jobId: param('jobId'), expiresAt: param('expiresAt') },
      })
      .prepare(),
  };
}
