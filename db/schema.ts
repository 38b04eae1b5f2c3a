// The tables: the only definition of a row. Migrations are generated from it (see db/README.md).
import {
  blob,
  check,
  foreignKey,
  index,
  integer,
  primaryKey,
  sql,
  sqliteTable,
  text,
  unique,
  uniqueIndex,
} from './drizzle.ts';
import { ATTEMPT_OUTCOMES, JOB_STATUSES } from '../src/contract/job.ts';
import { AUDIT_ACTIONS } from '../src/contract/audit.ts';
import { END_STATUSES, WEBHOOK_FAILURES, WEBHOOK_STATES } from '../src/contract/webhook.ts';

const quoted = (values: readonly string[]) =>
  sql.raw(values.map((value) => `'${value}'`).join(','));

/** What is true of the database as a whole: `queue_id`; and `probe`, which shows that it can be written. */
export const meta = sqliteTable('meta', {
  key: text().primaryKey(),
  value: text().notNull(),
});

/**
 * One row a job. The payload has a table of its own, so that what changes while a job runs
 * (progress, fence) does not rewrite it; the result is written once, at the end, and stays last
 * in the row so that reading the columns before it touches no overflow page.
 */
export const jobs = sqliteTable(
  'jobs',
  {
    seq: integer().primaryKey(),
    jobId: text('job_id').notNull(),
    tenant: text().notNull(),
    /** The caller's own id. */
    id: text(),
    endpoint: text().notNull(),
    status: text({ enum: JOB_STATUSES }).notNull(),
    /** 1 when queued and not delayed: a claim may take it. */
    ready: integer().notNull(),
    version: integer().notNull(),
    priority: integer().notNull(),
    runAt: integer('run_at').notNull(),
    attempt: integer().notNull(),
    maxAttempts: integer('max_attempts').notNull(),
    lostLeases: integer('lost_leases').notNull(),
    maxLostLeases: integer('max_lost_leases').notNull(),
    maxRuntimeSeconds: integer('max_runtime_seconds').notNull(),
    retentionSeconds: integer('retention_seconds'),
    webhookUrl: text('webhook_url'),
    /** Rises by one with every claim, never reset. */
    fence: integer().notNull(),
    leaseToken: text('lease_token'),
    leaseSeconds: integer('lease_seconds'),
    /** Information only: leases run on the monotonic clock, in memory. */
    leaseDeadlineAt: integer('lease_deadline_at'),
    /** SHA-256 of the call that ended the lease, so that the same call is answered again. */
    reportDigest: blob('report_digest', { mode: 'buffer' }),
    workerId: text('worker_id'),
    workerPid: integer('worker_pid'),
    cancelRequestedAt: integer('cancel_requested_at'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    startedAt: integer('started_at'),
    endedAt: integer('ended_at'),
    expiresAt: integer('expires_at'),
    progress: text(),
    endCode: integer('end_code'),
    endMessage: text('end_message'),
    endPid: integer('end_pid'),
    endTotalMs: integer('end_total_ms'),
    endRunMs: integer('end_run_ms'),
    endQueueLength: integer('end_queue_length'),
    endBuildNumber: text('end_build_number'),
    resultCrc: integer('result_crc'),
    result: text(),
  },
  (t) => [
    uniqueIndex('jobs_job_id').on(t.jobId),
    index('jobs_claim')
      .on(t.tenant, t.endpoint, sql`${t.priority} desc`, t.runAt, t.seq)
      .where(sql`status = 'queued' and ready = 1`),
    index('jobs_delayed')
      .on(t.runAt)
      .where(sql`status = 'queued' and ready = 0`),
    index('jobs_running')
      .on(t.tenant, t.updatedAt)
      .where(sql`status = 'running'`),
    // What changed lately, without an index that every change of a job would have to move it in.
    index('jobs_ended')
      .on(t.tenant, t.endedAt)
      .where(sql`ended_at is not null`),
    index('jobs_requeued')
      .on(t.tenant, t.updatedAt)
      .where(sql`status = 'queued' and version > 1`),
    index('jobs_expiry')
      .on(t.expiresAt)
      .where(sql`expires_at is not null`),
    index('jobs_by_endpoint').on(t.tenant, t.endpoint, t.status, t.createdAt),
    index('jobs_by_caller_id')
      .on(t.tenant, t.id, t.createdAt)
      .where(sql`id is not null`),
    // Those whose id is not one of ours; nobody ever claimed them.
    index('jobs_imported')
      .on(t.jobId)
      .where(sql`fence = 0 and status in ('done', 'failed')`),
    check('jobs_status', sql`${t.status} in (${quoted(JOB_STATUSES)})`),
    check('jobs_ready', sql`${t.ready} in (0, 1) and (${t.ready} = 0 or ${t.status} = 'queued')`),
    check('jobs_version', sql`${t.version} >= 1 and ${t.fence} >= 0`),
    check('jobs_priority', sql`${t.priority} between -100 and 100`),
    check('jobs_attempt', sql`${t.attempt} between 1 and ${t.maxAttempts}`),
    check(
      'jobs_running_has_lease',
      sql`${t.status} <> 'running' or (${t.leaseToken} is not null and ${t.workerId} is not null and ${t.startedAt} is not null and ${t.fence} >= 1)`,
    ),
    check(
      'jobs_ended_has_end',
      sql`(${t.status} in ('done', 'failed', 'cancelled')) = (${t.endedAt} is not null and ${t.endCode} is not null and ${t.endMessage} is not null and ${t.endPid} is not null and ${t.endTotalMs} is not null and ${t.endRunMs} is not null and ${t.endQueueLength} is not null and ${t.endBuildNumber} is not null)`,
    ),
    check(
      'jobs_done_has_result',
      sql`(${t.status} = 'done') = (${t.result} is not null) and (${t.result} is null) = (${t.resultCrc} is null)`,
    ),
  ],
);

/** A job's payload, JSON text, with the CRC-32 that every read verifies. */
export const jobPayloads = sqliteTable(
  'job_payloads',
  {
    seq: integer().primaryKey(),
    crc: integer().notNull(),
    payload: text().notNull(),
  },
  (t) => [foreignKey({ columns: [t.seq], foreignColumns: [jobs.seq] }).onDelete('cascade')],
);

/** One row a claim: who had the job, and how that ended. */
export const attempts = sqliteTable(
  'attempts',
  {
    jobSeq: integer('job_seq').notNull(),
    fence: integer().notNull(),
    workerId: text('worker_id').notNull(),
    workerPid: integer('worker_pid'),
    startedAt: integer('started_at').notNull(),
    endedAt: integer('ended_at'),
    outcome: text({ enum: ATTEMPT_OUTCOMES }),
    message: text(),
  },
  (t) => [
    primaryKey({ columns: [t.jobSeq, t.fence] }),
    foreignKey({ columns: [t.jobSeq], foreignColumns: [jobs.seq] }).onDelete('cascade'),
    check('attempts_outcome', sql`${t.outcome} in (${quoted(ATTEMPT_OUTCOMES)})`),
    check('attempts_ended', sql`(${t.outcome} is null) = (${t.endedAt} is null)`),
  ],
);

/** The outbox of job changes; `seq` is the SSE id, global and never reused. */
export const events = sqliteTable(
  'events',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    tenant: text().notNull(),
    jobSeq: integer('job_seq').notNull(),
    jobId: text('job_id').notNull(),
    version: integer().notNull(),
    kind: text().notNull(),
    at: integer().notNull(),
    data: text().notNull(),
  },
  (t) => [
    index('events_job').on(t.jobSeq, t.seq),
    foreignKey({ columns: [t.jobSeq], foreignColumns: [jobs.seq] }).onDelete('cascade'),
  ],
);

/** Jobs by tenant, endpoint, state and readiness, written in the commit that changed them. */
export const counters = sqliteTable(
  'counters',
  {
    tenant: text().notNull(),
    endpoint: text().notNull(),
    status: text({ enum: JOB_STATUSES }).notNull(),
    ready: integer().notNull(),
    n: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenant, t.endpoint, t.status, t.ready] }),
    check('counters_n', sql`${t.n} > 0`),
  ],
);

/** What happened in one minute: the throughput, and the run times an estimate is made from. */
export const activity = sqliteTable(
  'activity',
  {
    tenant: text().notNull(),
    endpoint: text().notNull(),
    /** Epoch minutes. */
    minute: integer().notNull(),
    submitted: integer().notNull(),
    done: integer().notNull(),
    failed: integer().notNull(),
    cancelled: integer().notNull(),
    /** Run time of the jobs done, milliseconds, summed. */
    runMs: integer('run_ms').notNull(),
    /** The same as a histogram: JSON, jobs by bucket; null where none was done. */
    runTimes: text('run_times'),
  },
  (t) => [
    primaryKey({ columns: [t.tenant, t.endpoint, t.minute] }),
    index('activity_minute').on(t.minute),
  ],
);

/** A submission's idempotency key; the same key with another digest is a conflict. */
export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    tenant: text().notNull(),
    key: text().notNull(),
    digest: text().notNull(),
    jobId: text('job_id').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenant, t.key] }),
    index('idempotency_keys_expiry').on(t.expiresAt),
  ],
);

/** API keys; of the key itself only a SHA-256 is kept. */
export const keys = sqliteTable(
  'keys',
  {
    keyId: text('key_id').primaryKey(),
    tenant: text().notNull(),
    name: text().notNull(),
    secretHash: blob('secret_hash', { mode: 'buffer' }).notNull(),
    /** Scopes separated by a space. */
    scopes: text().notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    revokedAt: integer('revoked_at'),
    lastUsedAt: integer('last_used_at'),
  },
  (t) => [
    unique('keys_secret_hash').on(t.secretHash),
    check('keys_hash', sql`length(${t.secretHash}) = 32`),
  ],
);

/**
 * Who did what, in the order it was done. Without an index of its own: every submission adds a row,
 * and it is read from its end.
 */
export const audit = sqliteTable('audit', {
  seq: integer().primaryKey(),
  tenant: text().notNull(),
  at: integer().notNull(),
  keyId: text('key_id').notNull(),
  action: text({ enum: AUDIT_ACTIONS }).notNull(),
  /** Id of the job or of the key. */
  target: text().notNull(),
  /** JSON. */
  detail: text(),
});

/**
 * The outbox of webhooks: one row for each end of a job that has a `webhook_url`, written in the
 * commit that ended it. It goes when the job goes.
 */
export const webhookDeliveries = sqliteTable(
  'webhook_deliveries',
  {
    seq: integer().primaryKey(),
    deliveryId: text('delivery_id').notNull(),
    tenant: text().notNull(),
    jobSeq: integer('job_seq').notNull(),
    url: text().notNull(),
    /** Host and port of `url`: deliveries to one wait for each other, not for those to another. */
    host: text().notNull(),
    jobStatus: text('job_status', { enum: END_STATUSES }).notNull(),
    /** JSON: the end it tells of without its result, as a retry by request takes it from the job. */
    ending: text().notNull(),
    state: text({ enum: WEBHOOK_STATES }).notNull(),
    reason: text({ enum: WEBHOOK_FAILURES }),
    attempts: integer().notNull(),
    /** Attempts since it was made or asked for again: where it stands in the schedule. */
    step: integer().notNull(),
    nextAttemptAt: integer('next_attempt_at'),
    createdAt: integer('created_at').notNull(),
    endedAt: integer('ended_at'),
  },
  (t) => [
    uniqueIndex('webhook_deliveries_id').on(t.deliveryId),
    index('webhook_deliveries_job').on(t.jobSeq, t.seq),
    index('webhook_deliveries_next')
      .on(t.host, t.nextAttemptAt, t.seq)
      .where(sql`state = 'pending'`),
    index('webhook_deliveries_failed')
      .on(t.tenant, t.endedAt, t.seq)
      .where(sql`state = 'failed'`),
    foreignKey({ columns: [t.jobSeq], foreignColumns: [jobs.seq] }).onDelete('cascade'),
    check('webhook_deliveries_status', sql`${t.jobStatus} in (${quoted(END_STATUSES)})`),
    check('webhook_deliveries_state', sql`${t.state} in (${quoted(WEBHOOK_STATES)})`),
    check(
      'webhook_deliveries_pending',
      sql`(${t.state} = 'pending') = (${t.nextAttemptAt} is not null) and (${t.state} = 'pending') = (${t.endedAt} is null)`,
    ),
    check(
      'webhook_deliveries_failed',
      sql`(${t.state} = 'failed') = (${t.reason} is not null) and ${t.reason} in (${quoted(WEBHOOK_FAILURES)})`,
    ),
    check('webhook_deliveries_step', sql`${t.step} between 0 and ${t.attempts}`),
  ],
);

/** One row a request that was made for a delivery. */
export const webhookAttempts = sqliteTable(
  'webhook_attempts',
  {
    deliverySeq: integer('delivery_seq').notNull(),
    /** From 1. */
    attempt: integer().notNull(),
    at: integer().notNull(),
    /** Null when there was no answer. */
    status: integer(),
    error: text(),
    durationMs: integer('duration_ms').notNull(),
    /** First bytes of the answer. */
    excerpt: text(),
  },
  (t) => [
    primaryKey({ columns: [t.deliverySeq, t.attempt] }),
    foreignKey({ columns: [t.deliverySeq], foreignColumns: [webhookDeliveries.seq] }).onDelete(
      'cascade',
    ),
    check('webhook_attempts_attempt', sql`${t.attempt} >= 1`),
  ],
);

/** What a tenant's webhooks are signed with; two at the most are live. */
export const webhookSecrets = sqliteTable(
  'webhook_secrets',
  {
    seq: integer().primaryKey(),
    tenant: text().notNull(),
    secret: text().notNull(),
    createdAt: integer('created_at').notNull(),
    /** Null for the newest. */
    expiresAt: integer('expires_at'),
  },
  (t) => [
    index('webhook_secrets_tenant').on(t.tenant),
    uniqueIndex('webhook_secrets_newest')
      .on(t.tenant)
      .where(sql`expires_at is null`),
  ],
);
