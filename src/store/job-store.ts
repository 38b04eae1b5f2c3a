// The JobStore port: every atomic verb the gateway needs of a store, and nothing of how it is kept.
import type { AuditAction, AuditEntry } from '../contract/audit.ts';
import type {
  Attempt,
  Job,
  JobEnd,
  JobState,
  JobStatus,
  JobSummary,
  Progress,
} from '../contract/job.ts';
import type { ChangeKind, JobEvent } from '../contract/job-event.ts';
import type { JsonText } from '../contract/json-text.ts';
import type { RunTimes } from '../contract/run-times.ts';
import type { Clock } from '../contract/clock.ts';
import type { Scope } from '../contract/scope.ts';
import type { StoreMeasures, StoreObserver } from './store-observer.ts';
import type {
  WebhookAttempt,
  WebhookDelivery,
  WebhookFailure,
  WebhookMessage,
  WebhookSecret,
} from '../contract/webhook.ts';

/** What a store is opened with: the clock, and the policy it applies inside its transactions. */
export interface JobStoreOptions {
  clock: Clock;
  /** The gateway's process id and version, frozen into the envelopes of jobs that end. */
  pid: number;
  buildNumber: string;
  /** All queued jobs of the gateway; 0 for no limit. */
  maxQueueLength: number;
  /** Milliseconds until the next attempt after the given number of failures (1 and up). */
  retryDelayMs(failures: number): number;
  /** How long a worker may still run a job whose cancellation was requested. */
  cancelGraceMs: number;
  /** How long an ended job is kept unless it says otherwise; 0 for ever. */
  retentionMs: number;
  /**
   * Room kept on the disk for the reports of running jobs: when the disk is full, new work is
   * refused (`unavailable`) and reports are still stored. Default: 0, none.
   */
  reserveBytes?: number;
  /** Default: none. */
  observer?: StoreObserver | undefined;
}

export interface NewJob {
  tenant: string;
  endpoint: string;
  payload: JsonText;
  id: string | null;
  priority: number;
  /** Epoch milliseconds before which it is not claimed; null for now. */
  runAt: number | null;
  maxAttempts: number;
  maxRuntimeSeconds: number;
  retentionSeconds: number | null;
  webhookUrl: string | null;
  idempotency: Idempotency | null;
}

/** The same key with the same digest of the request is the same job; with another, a conflict. */
export interface Idempotency {
  key: string;
  digest: string;
  ttlMs: number;
}

/** A job that ended elsewhere and is kept here from now on. Times are epoch milliseconds. */
export interface EndedJob {
  tenant: string;
  /** A UUID in lower case. */
  jobId: string;
  id: string | null;
  endpoint: string;
  status: 'done' | 'failed';
  /** Of the process that had it last; null for the gateway's. */
  workerPid: number | null;
  endedAt: number;
  /** `result` is there if it is done, and only then. */
  end: Omit<JobEnd, 'pid'> & { pid: number | null };
}

/** `taken`: another tenant has a job with this id. */
export type Imported = 'added' | 'present' | 'taken';

export interface Submitted {
  jobId: string;
  id: string | null;
  /** The tenant's jobs that wait now. */
  queueLength: number;
  replayed: boolean;
}

export interface ClaimRequest {
  tenant: string;
  endpoints: readonly string[];
  workerId: string;
  workerPid: number | null;
  max: number;
  leaseSeconds: number;
}

export interface ClaimedJob {
  jobId: string;
  id: string | null;
  endpoint: string;
  payload: JsonText;
  attempt: number;
  maxAttempts: number;
  leaseToken: string;
  leaseSeconds: number;
  /** Epoch milliseconds at which the attempt's `max_runtime_seconds` are up. */
  deadlineAt: number;
}

/** Who says something about a running job: only the holder of the token is heard. */
export interface LeaseHolder {
  tenant: string;
  jobId: string;
  leaseToken: string;
}

export interface Failure {
  /** 400 to 599. */
  code: number;
  message: string;
  /** false: failed for good. */
  retry: boolean;
  /** Milliseconds; null for the store's backoff. */
  retryDelayMs: number | null;
}

export interface JobRef {
  tenant: string;
  jobId: string;
}

export interface JobFilter {
  tenant: string;
  status: JobStatus | null;
  endpoint: string | null;
  /** The caller's own id. */
  id: string | null;
  /** Submission time, epoch milliseconds, both inclusive. */
  since: number | null;
  until: number | null;
}

export interface ListQuery extends JobFilter {
  /** What the job's id, in either case, or the caller's own begins with; null for any. */
  search: string | null;
  limit: number;
  /** The `nextCursor` of the page before. */
  cursor: string | null;
}

export interface JobPage {
  jobs: JobSummary[];
  /** Null on the last page. One of a search may have fewer jobs than asked for, and others follow. */
  nextCursor: string | null;
}

/** Ids of the jobs on a page of a list. */
export interface JobIdPage {
  jobIds: string[];
  /** As of a `JobPage`. */
  nextCursor: string | null;
}

/** What a verb did to many jobs. */
export interface ManyChanged {
  /** Jobs that are there and in a state for it. */
  matched: number;
  /** Without those to which nothing had to be done, such as a running job asked to stop before. */
  changed: number;
}

/** What happened in one minute on one endpoint. */
export interface ActivityMinute {
  endpoint: string;
  /** Begin of the minute, epoch milliseconds. */
  at: number;
  submitted: number;
  done: number;
  failed: number;
  cancelled: number;
  /** Run time of those done, summed, milliseconds. */
  runMs: number;
  /** The same by bucket. */
  runTimes: RunTimes;
}

/** How busy an endpoint is: jobs that run now, and those done in the last ten minutes. */
export interface EndpointLoad {
  running: number;
  done: number;
  /** Run time of those done, summed, milliseconds. */
  runMs: number;
}

/** A worker that has jobs, or that spoke lately. */
export interface ActiveWorker {
  workerId: string;
  workerPid: number | null;
  /** When it claimed, or said something of a job, epoch milliseconds. */
  seenAt: number;
  /** The kinds of work in its last claim; those of its jobs when that was before a restart. */
  endpoints: string[];
  /** How many jobs it has. */
  running: number;
  /** Those that it has had longest. */
  jobs: RunningJob[];
}

export interface RunningJob {
  jobId: string;
  endpoint: string;
  startedAt: number;
  progress: Progress | null;
}

export interface StatusCount {
  endpoint: string;
  status: JobStatus;
  /** Whether a queued job may be claimed now (not delayed). */
  ready: boolean;
  count: number;
}

/** Told to listeners after the commit that made it true. */
export interface JobChange {
  tenant: string;
  jobId: string;
  endpoint: string;
  kind: ChangeKind;
  version: number;
  /** Whether a worker could claim it now. */
  claimable: boolean;
  /** Its event; undefined for progress within a second of the last that had one. */
  event?: JobEvent;
}

/** Events of a tenant's jobs, and how far the table was read for them. */
export interface EventPage {
  events: JobEvent[];
  /** The `seq` to go on from. */
  after: number;
  /** Whether there may be more. */
  isLast: boolean;
}

export interface ApiKey {
  keyId: string;
  tenant: string;
  name: string;
  /** SHA-256 of the whole key. */
  secretHash: Buffer;
  scopes: Scope[];
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
}

export interface AuditQuery {
  tenant: string | null;
  keyId: string | null;
  action: AuditAction | null;
  target: string | null;
  /** Epoch milliseconds, both inclusive. */
  since: number | null;
  until: number | null;
  limit: number;
  /** The `nextCursor` of the page before. */
  cursor: string | null;
}

export interface AuditPage {
  entries: AuditEntry[];
  /** Null on the last page. A page may have fewer entries than asked for, and others follow. */
  nextCursor: string | null;
}

/** A delivery that is to be sent, now or later. */
export interface PendingWebhook {
  deliveryId: string;
  tenant: string;
  jobId: string;
  url: string;
  /** Attempts since it was made or asked for again. */
  step: number;
  /** Epoch milliseconds. */
  nextAttemptAt: number;
}

/** What an attempt makes of its delivery. */
export type WebhookFate =
  | { state: 'delivered' }
  | { state: 'pending'; nextAttemptAt: number }
  | { state: 'failed'; reason: WebhookFailure };

export interface FailedWebhooks {
  /** All of them, counted up to a limit. */
  count: number;
  /** The one that failed last comes first. */
  deliveries: FailedDelivery[];
}

export interface FailedDelivery extends WebhookDelivery {
  /** Of its job. */
  endpoint: string;
}

export interface WebhookRef {
  tenant: string;
  deliveryId: string;
}

/** Where webhooks wait: a host with its port, and when the first of them is due (epoch milliseconds). */
export interface WebhookHost {
  host: string;
  nextAttemptAt: number;
}

/**
 * Everything that changes a job is one atomic verb; when its promise resolves, the change survives
 * a power cut. Verbs throw `JobgateError`: `job_not_found`, `lease_lost`, `illegal_transition`,
 * `too_many_requests` (queue full), `idempotency_mismatch`, `delivery_not_found`, `unavailable` (nothing was written),
 * `internal` (what is stored is damaged). A job of another tenant is not found.
 *
 * `by` is the id of the key that asks: what it changed is noted in the audit table, in the same
 * commit. Without it nothing is noted.
 */
export interface JobStore {
  /** An integer up to 2^53-1, made once for a database and kept in it. */
  readonly queueId: number;

  /** Adds all of the jobs or none. */
  submit(jobs: readonly NewJob[], by?: string): Promise<Submitted[]>;

  /**
   * Keeps jobs that ended elsewhere, without a payload, in one commit; an id that is there already is
   * left alone. They are never claimed and cannot be retried; the store's retention counts from now.
   * Resolves to what became of each, in their order.
   */
  importEnded(jobs: readonly EndedJob[]): Promise<Imported[]>;

  /** The hot read. Never writes. */
  findState(ref: JobRef): Promise<JobState | undefined>;
  find(ref: JobRef): Promise<Job | undefined>;
  /** Every attempt of a job, oldest first. */
  listAttempts(ref: JobRef): Promise<Attempt[]>;
  /** Newest first; throws `invalid_payload` on a cursor that is none. */
  list(query: ListQuery): Promise<JobPage>;
  /** The same, of their ids only. */
  listIds(query: ListQuery): Promise<JobIdPage>;
  /** States of the jobs changed since then (epoch milliseconds), latest first. */
  listChangedSince(tenant: string, since: number, limit: number): Promise<Map<string, JobStatus>>;
  /** The tenant's jobs that wait now and may be claimed, in constant time. */
  queueLength(tenant: string): Promise<number>;
  countByStatus(tenant: string): Promise<StatusCount[]>;
  /** States of those jobs that exist. */
  findStatuses(tenant: string, jobIds: readonly string[]): Promise<Map<string, JobStatus>>;
  /** Submission time of the job that waits longest; undefined when none waits. */
  oldestQueuedAt(tenant: string): Promise<number | undefined>;
  /** How many go before a job that may be claimed: exact to 1,000, null beyond and for others. */
  queuePosition(ref: JobRef): Promise<number | null>;
  /** In constant time. */
  endpointLoad(tenant: string, endpoint: string): Promise<EndpointLoad>;
  /** A job's events after `seq`, oldest first; none of a job that is not there. */
  listEvents(ref: JobRef, after: number, limit: number): Promise<JobEvent[]>;
  /** The tenant's events among the `limit` that come after `seq`, whoever's those are. */
  listTenantEvents(tenant: string, after: number, limit: number): Promise<EventPage>;
  /** The `seq` given out last; 0 when there was none. */
  lastEventSeq(): Promise<number>;
  /** The minutes of the last hour from `since` (epoch milliseconds) on. */
  listActivity(tenant: string, since: number): Promise<ActivityMinute[]>;

  /** Gives out up to `max` waiting jobs: priority, then run_at, then first in first out. */
  claim(request: ClaimRequest): Promise<ClaimedJob[]>;
  /** Extends the lease; `leaseSeconds` null keeps its length. */
  heartbeat(
    holder: LeaseHolder,
    leaseSeconds: number | null,
    progress: Progress | null,
  ): Promise<{ cancelRequested: boolean; leaseSeconds: number }>;
  complete(holder: LeaseHolder, result: JsonText): Promise<JobStatus>;
  fail(holder: LeaseHolder, failure: Failure): Promise<JobStatus>;
  /** Hands the job back without burning an attempt. */
  release(holder: LeaseHolder): Promise<JobStatus>;

  /**
   * The tenant's workers that have jobs or that spoke within `seenWithinMs`, by id, each with `maxJobs`
   * of its jobs at the most. Who has none is known by memory alone: 10,000 workers of all tenants, those
   * that spoke last, and none of before a restart.
   */
  listWorkers(
    tenant: string,
    limits: { seenWithinMs: number; maxJobs: number },
  ): Promise<ActiveWorker[]>;

  cancel(ref: JobRef, by?: string): Promise<void>;
  /** Puts a failed or cancelled job back in the queue as a fresh attempt. */
  retry(ref: JobRef, by?: string): Promise<void>;
  /** Removes an ended job. */
  delete(ref: JobRef, by?: string): Promise<void>;
  /** The same for many, in one commit; those that are not there or in another state are left alone. */
  cancelMany(tenant: string, jobIds: readonly string[], by?: string): Promise<ManyChanged>;
  retryMany(tenant: string, jobIds: readonly string[], by?: string): Promise<ManyChanged>;

  /** Ends the leases whose time is up (lapsed, over the runtime, past the cancel grace). */
  expireLeases(limit: number): Promise<number>;
  /** Monotonic milliseconds of the next lease to end; undefined when none runs. */
  nextLeaseExpiry(): number | undefined;
  /** Makes an event of progress that came too soon after another and is the latest; how many. */
  tellProgress(): Promise<number>;
  /** Makes delayed jobs whose time has come claimable. */
  wakeDelayed(limit: number): Promise<number>;
  /** Epoch milliseconds of the next delayed job; undefined when none waits. */
  nextDelayed(): Promise<number | undefined>;
  /**
   * Removes ended jobs past their retention, once their webhooks are no longer pending, and
   * idempotency keys past theirs. As many as `limit` says that there may be more.
   */
  prune(limit: number): Promise<number>;
  /** Moves the log into the file and gives free space back to the disk. */
  checkpoint(): Promise<void>;
  /** Of all tenants; for whoever watches over the gateway. */
  measure(): Promise<StoreMeasures>;
  /**
   * Whether new work would be taken in now. It is known from the last commit; when that is 10 s ago, from
   * a small write of its own, which counts as no commit.
   */
  isWritable(): Promise<boolean>;
  /** Takes new work in again once a disk that was full has room for it and for its reports. */
  keepReserve(): Promise<void>;

  createKey(key: ApiKey, by?: string): Promise<void>;
  findKey(keyId: string): Promise<ApiKey | undefined>;
  listKeys(): Promise<ApiKey[]>;
  /** False when there is no such key. Revoking twice keeps the first time. */
  revokeKey(keyId: string, at: number, by?: string): Promise<boolean>;
  /**
   * Keeps `next` and lets the key before it expire, unless that expires sooner by itself. False, and
   * nothing is kept, when there is no such key or it was revoked.
   */
  rotateKey(keyId: string, next: ApiKey, expiresAt: number, by?: string): Promise<boolean>;
  /** Keeps when keys were used last, by their ids, epoch milliseconds. */
  noteKeyUses(uses: ReadonlyMap<string, number>): Promise<void>;
  /** Tells `listener`, which must not throw, the id of a key that was revoked or rotated; returns how to stop. */
  onKeyChange(listener: (keyId: string) => void): () => void;

  /** Newest first; throws `invalid_payload` on a cursor that is none. */
  listAudit(query: AuditQuery): Promise<AuditPage>;
  /** Removes entries past the retention, oldest first. */
  pruneAudit(limit: number): Promise<number>;

  /** Hosts with pending deliveries. A job that ends with a webhook makes one, in the same commit. */
  listWebhookHosts(): Promise<WebhookHost[]>;
  /** The host's pending deliveries, in the order they are due, the later ones too. */
  listPendingWebhooks(host: string, limit: number): Promise<PendingWebhook[]>;
  /** Of the end that the delivery was made for; undefined when the job is gone. */
  findWebhookMessage(deliveryId: string): Promise<WebhookMessage | undefined>;
  /**
   * Keeps the attempt, and what it makes of the delivery; `step` is that of the `PendingWebhook`. A
   * delivery asked for again meanwhile stays due unless it was delivered; one that is gone is let go.
   */
  recordWebhookAttempt(
    { deliveryId, step }: Pick<PendingWebhook, 'deliveryId' | 'step'>,
    attempt: WebhookAttempt,
    fate: WebhookFate,
  ): Promise<void>;
  /** The job's latest deliveries, newest first; undefined when there is no such job. */
  listWebhookDeliveries(ref: JobRef, limit: number): Promise<WebhookDelivery[] | undefined>;
  /** The tenant's deliveries that failed: the latest `limit`, and how many there are up to `maxCount`. */
  listFailedWebhooks(
    tenant: string,
    limits: { limit: number; maxCount: number },
  ): Promise<FailedWebhooks>;
  /** Makes it due now, under the same id, from the begin of the schedule. Throws `delivery_not_found`. */
  redeliverWebhook(ref: WebhookRef): Promise<WebhookDelivery>;
  /** Those that sign now, newest first. */
  listWebhookSecrets(tenant: string): Promise<WebhookSecret[]>;
  /** Keeps it as the tenant's first, unless there is one; resolves to those that sign now. */
  addWebhookSecret(tenant: string, secret: string): Promise<WebhookSecret[]>;
  /** Puts it before the present one, which signs for `overlapMs` more; the one before that ends now. */
  rotateWebhookSecret(
    tenant: string,
    secret: string,
    overlapMs: number,
    by?: string,
  ): Promise<WebhookSecret[]>;
  /** Tells `listener`, which must not throw, after a commit that made a delivery due; returns how to stop. */
  onWebhookDue(listener: (host: WebhookHost) => void): () => void;

  /** Tells `listener`, which must not throw, of every change after its commit; returns how to stop. */
  onChange(listener: (change: JobChange) => void): () => void;
  close(): Promise<void>;
}
