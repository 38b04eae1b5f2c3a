// Webhook deliveries in the file: which are due, what they say, and what became of every attempt.
import { and, asc, desc, eq, lte, min, sql } from '../../../db/drizzle.ts';
import { jobs, webhookAttempts, webhookDeliveries } from '../../../db/schema.ts';
import { JobgateError } from '../../contract/errors.ts';
import {
  MAX_KEPT_ATTEMPTS,
  type WebhookDelivery,
  type WebhookMessage,
} from '../../contract/webhook.ts';
import type { JobRef, JobStore, WebhookFate, WebhookRef } from '../job-store.ts';
import { verified } from './job-row.ts';
import { lazily, param, read, type Session } from './session.ts';
import { readEnding } from './webhook-outbox.ts';

type Webhooks = Pick<
  JobStore,
  | 'listWebhookHosts'
  | 'listPendingWebhooks'
  | 'findWebhookMessage'
  | 'recordWebhookAttempt'
  | 'listWebhookDeliveries'
  | 'listFailedWebhooks'
  | 'redeliverWebhook'
>;

type Row = typeof webhookDeliveries.$inferSelect;

export function webhooks(session: Session): Webhooks {
  const { commits } = session;
  const now = () => session.options.clock.now();
  const hosts = lazily(() => prepareHosts(session));
  const statements = lazily(() => prepareStatements(session));

  function toDelivery(row: Row, jobId: string): WebhookDelivery {
    const { deliveryId, jobStatus, url, state, reason, nextAttemptAt, createdAt, endedAt } = row;
    const attempts = statements().attempts.all({ seq: row.seq });
    const about = { deliveryId, jobId, jobStatus, url, state, reason, attempts };
    return { ...about, nextAttemptAt, createdAt, endedAt };
  }

  function list({ tenant, jobId }: JobRef, limit: number): WebhookDelivery[] | undefined {
    const job = statements().job.get({ tenant, jobId });
    const rows = job && statements().ofJob.all({ jobSeq: job.seq, limit });
    return rows?.map((row) => toDelivery(row, jobId));
  }

  function find({ tenant, deliveryId }: WebhookRef): WebhookDelivery {
    const found = statements().find.get({ tenant, deliveryId });
    if (!found) throw new JobgateError('delivery_not_found', 'Delivery not found');
    return toDelivery(found.delivery, found.jobId);
  }

  return {
    listWebhookHosts: () =>
      read(() =>
        hosts()
          .all()
          .map(({ host, at }) => ({ host, nextAttemptAt: at ?? now() })),
      ),

    listPendingWebhooks: (host, limit) =>
      read(() =>
        statements()
          .pending.all({ host, limit })
          .map((row) => ({ ...row, nextAttemptAt: row.nextAttemptAt ?? now() })),
      ),

    findWebhookMessage: (deliveryId) =>
      read((): WebhookMessage | undefined => {
        const row = statements().message.get({ deliveryId });
        if (!row) return undefined;
        const { jobId, id, endpoint } = row;
        const result = row.result === null ? null : verified('result', row.result, row.resultCrc);
        return { jobId, id, endpoint, end: { ...readEnding(row.ending), result } };
      }),

    recordWebhookAttempt: ({ deliveryId, step }, attempt, fate) =>
      commits.runNewWork(() => {
        const row = statements().byId.get({ deliveryId });
        if (!row) return;
        const attempts = row.attempts + 1;
        statements().addAttempt.run({ ...attempt, seq: row.seq, attempt: attempts });
        statements().dropAttempts.run({ seq: row.seq, last: attempts - MAX_KEPT_ATTEMPTS });
        const isAskedAgain = row.step !== step && fate.state !== 'delivered';
        const changes = isAskedAgain ? {} : { step: row.step + 1, ...columnsOf(fate, now()) };
        statements().save.run({ ...row, attempts, ...changes });
      }),

    listWebhookDeliveries: (ref, limit) => read(() => list(ref, limit)),

    listFailedWebhooks: (tenant, { limit, maxCount }) =>
      read(() => ({
        count: statements().countFailed.get({ tenant, maxCount })?.n ?? 0,
        deliveries: statements()
          .failed.all({ tenant, limit })
          .map(({ delivery, jobId, endpoint }) => ({ ...toDelivery(delivery, jobId), endpoint })),
      })),

    redeliverWebhook: ({ tenant, deliveryId }) =>
      commits.runNewWork((tx) => {
        const found = statements().find.get({ tenant, deliveryId });
        if (found) {
          const { host } = found.delivery;
          const nextAttemptAt = now();
          const changes = columnsOf({ state: 'pending', nextAttemptAt }, nextAttemptAt);
          statements().save.run({ ...found.delivery, step: 0, ...changes });
          tx.afterCommit(() => session.announceWebhook({ host, nextAttemptAt }));
        }
        return find({ tenant, deliveryId });
      }),
  };
}

function columnsOf(fate: WebhookFate, now: number) {
  return {
    state: fate.state,
    reason: fate.state === 'failed' ? fate.reason : null,
    nextAttemptAt: fate.state === 'pending' ? fate.nextAttemptAt : null,
    endedAt: fate.state === 'pending' ? null : now,
  };
}

// A literal: only then does SQLite see that the index of pending deliveries serves.
const isPending = sql`state = 'pending'`;

/** Of its own: a start needs no other. */
function prepareHosts({ orm }: Session) {
  const d = webhookDeliveries;
  return orm
    .select({ host: d.host, at: min(d.nextAttemptAt) })
    .from(d)
    .where(isPending)
    .groupBy(d.host)
    .prepare();
}

function prepareStatements({ orm }: Session) {
  const d = webhookDeliveries;
  // Of this end, not of one that came after a retry: only `done` has a result and is never retried.
  const ofDone = (column: typeof jobs.result | typeof jobs.resultCrc) =>
    sql`case when ${d.jobStatus} = 'done' then ${column} end`;
  return {
    pending: orm
      .select({
        deliveryId: d.deliveryId,
        tenant: d.tenant,
        jobId: jobs.jobId,
        url: d.url,
        step: d.step,
        nextAttemptAt: d.nextAttemptAt,
      })
      .from(d)
      .innerJoin(jobs, eq(jobs.seq, d.jobSeq))
      .where(and(isPending, eq(d.host, param('host'))))
      .orderBy(asc(d.nextAttemptAt), asc(d.seq))
      .limit(sql.placeholder('limit'))
      .prepare(),
    message: orm
      .select({
        jobId: jobs.jobId,
        id: jobs.id,
        endpoint: jobs.endpoint,
        ending: d.ending,
        resultCrc: ofDone(jobs.resultCrc) as ReturnType<typeof sql<number | null>>,
        result: ofDone(jobs.result) as ReturnType<typeof sql<string | null>>,
      })
      .from(d)
      .innerJoin(jobs, eq(jobs.seq, d.jobSeq))
      .where(eq(d.deliveryId, param('deliveryId')))
      .prepare(),
    byId: orm
      .select()
      .from(d)
      .where(eq(d.deliveryId, param('deliveryId')))
      .prepare(),
    find: orm
      .select({ delivery: d, jobId: jobs.jobId })
      .from(d)
      .innerJoin(jobs, eq(jobs.seq, d.jobSeq))
      .where(and(eq(d.deliveryId, param('deliveryId')), eq(d.tenant, param('tenant'))))
      .prepare(),
    job: orm
      .select({ seq: jobs.seq })
      .from(jobs)
      .where(and(eq(jobs.jobId, param('jobId')), eq(jobs.tenant, param('tenant'))))
      .prepare(),
    ofJob: orm
      .select()
      .from(d)
      .where(eq(d.jobSeq, param('jobSeq')))
      .orderBy(desc(d.seq))
      .limit(sql.placeholder('limit'))
      .prepare(),
    ...prepareFailed(orm),
    save: orm
      .update(d)
      .set({
        state: param('state'),
        reason: param('reason'),
        attempts: param('attempts'),
        step: param('step'),
        nextAttemptAt: param('nextAttemptAt'),
        endedAt: param('endedAt'),
      })
      .where(eq(d.seq, param('seq')))
      .prepare(),
    ...prepareAttempts(orm),
  };
}

function prepareFailed(orm: Session['orm']) {
  const d = webhookDeliveries;
  // A literal: only then does SQLite see that the index of failed deliveries serves.
  const isFailed = and(sql`state = 'failed'`, eq(d.tenant, param('tenant')));
  const counted = orm
    .select({ seq: d.seq })
    .from(d)
    .where(isFailed)
    .limit(sql.placeholder('maxCount'))
    .as('counted');
  return {
    countFailed: orm
      .select({ n: sql<number>`count(*)` })
      .from(counted)
      .prepare(),
    failed: orm
      .select({ delivery: d, jobId: jobs.jobId, endpoint: jobs.endpoint })
      .from(d)
      .innerJoin(jobs, eq(jobs.seq, d.jobSeq))
      .where(isFailed)
      .orderBy(desc(d.endedAt), desc(d.seq))
      .limit(sql.placeholder('limit'))
      .prepare(),
  };
}

function prepareAttempts(orm: Session['orm']) {
  const a = webhookAttempts;
  return {
    attempts: orm
      .select({
        attempt: a.attempt,
        at: a.at,
        status: a.status,
        error: a.error,
        durationMs: a.durationMs,
        excerpt: a.excerpt,
      })
      .from(a)
      .where(eq(a.deliverySeq, param('seq')))
      .orderBy(asc(a.attempt))
      .prepare(),
    addAttempt: orm
      .insert(a)
      .values({
        deliverySeq: param('seq'),
        attempt: param('attempt'),
        at: param('at'),
        status: param('status'),
        error: param('error'),
        durationMs: param('durationMs'),
        excerpt: param('excerpt'),
      })
      .prepare(),
    dropAttempts: orm
      .delete(a)
      .where(and(eq(a.deliverySeq, param('seq')), lte(a.attempt, param('last'))))
      .prepare(),
  };
}
