// The model: the state machine as a plain object in memory, written from the contract alone.
import { hasEnded, type AttemptOutcome, type JobStatus } from '../../../src/contract/job.ts';
import type { FakeClock } from '../../fake-clock.ts';
import { CANCEL_GRACE_MS, GATEWAY_PID, RETENTION_MS, retryDelayMs } from './harness.ts';

export const MAX_LOST_LEASES = 3;

/** What the model is told of a new job; `delayMs` 0 is claimable at once. */
export interface ModelSubmission {
  endpoint: string;
  priority: number;
  delayMs: number;
  maxAttempts: number;
  maxRuntimeSeconds: number;
  retentionSeconds: number | null;
}

/** On the monotonic clock, milliseconds. */
interface ModelLease {
  lengthMs: number;
  lapsesAt: number;
  startedAt: number;
  runtimeEndsAt: number;
  graceEndsAt: number;
}

export interface ModelJob extends ModelSubmission {
  jobId: string;
  order: number;
  status: JobStatus;
  ready: boolean;
  version: number;
  attempt: number;
  lostLeases: number;
  fence: number;
  runAt: number;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
  expiresAt: number | null;
  cancelRequestedAt: number | null;
  workerPid: number | null;
  progress: number | null;
  lease: ModelLease | null;
  /** Whose report is heard, or was heard last; null when nobody's is. */
  token: string | null;
  /** The report that ended the lease. */
  report: string | null;
  outcomes: (AttemptOutcome | null)[];
  end: { code: number; pid: number; runMs: number | null } | null;
  kinds: string[];
}

/** What a verb answers: a value, or the code of its refusal. */
export type Answer = { value: unknown } | { refused: string; status?: JobStatus };

export class ModelQueue {
  readonly #clock: FakeClock;
  readonly jobs: ModelJob[] = [];
  #order = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  submit(jobId: string, submission: ModelSubmission): void {
    const now = this.#clock.now();
    this.jobs.push({
      ...submission,
      jobId,
      order: (this.#order += 1),
      status: 'queued',
      ready: submission.delayMs <= 0,
      version: 1,
      attempt: 1,
      lostLeases: 0,
      fence: 0,
      runAt: now + submission.delayMs,
      createdAt: now,
      startedAt: null,
      endedAt: null,
      expiresAt: null,
      cancelRequestedAt: null,
      workerPid: null,
      progress: null,
      lease: null,
      token: null,
      report: null,
      outcomes: [],
      end: null,
      kinds: ['queued'],
    });
  }

  /** The jobs a claim must give out, in order. */
  claimable(endpoints: string[], max: number): ModelJob[] {
    return this.jobs
      .filter(({ ready, endpoint }) => ready && endpoints.includes(endpoint))
      .sort((a, b) => b.priority - a.priority || a.runAt - b.runAt || a.order - b.order)
      .slice(0, max);
  }

  claim(job: ModelJob, claim: { token: string; leaseSeconds: number; workerPid: number | null }) {
    const monotonic = this.#clock.monotonic();
    const lengthMs = claim.leaseSeconds * 1000;
    this.#change(job, 'running');
    Object.assign(job, {
      status: 'running',
      ready: false,
      fence: job.fence + 1,
      startedAt: this.#clock.now(),
      workerPid: claim.workerPid,
      progress: null,
      token: claim.token,
      report: null,
      lease: {
        lengthMs,
        lapsesAt: monotonic + lengthMs,
        startedAt: monotonic,
        runtimeEndsAt: monotonic + job.maxRuntimeSeconds * 1000,
        graceEndsAt: Infinity,
      },
    } satisfies Partial<ModelJob>);
    job.outcomes.push(null);
  }

  heartbeat(
    job: ModelJob,
    token: string,
    leaseSeconds: number | null,
    percent: number | null,
  ): Answer {
    const { lease } = job;
    if (!lease || job.token !== token) return lost(job);
    const lengthMs = leaseSeconds === null ? lease.lengthMs : leaseSeconds * 1000;
    if (percent !== null || lengthMs !== lease.lengthMs) this.#change(job, 'progress');
    if (percent !== null) job.progress = percent;
    lease.lengthMs = lengthMs;
    lease.lapsesAt = this.#clock.monotonic() + lengthMs;
    const cancelRequested = job.cancelRequestedAt !== null;
    return { value: { cancelRequested, leaseSeconds: lengthMs / 1000 } };
  }

  complete(job: ModelJob, token: string, body: string): Answer {
    return this.#report(job, token, `complete ${body}`, () => {
      this.#end(job, 'done', 200, 'done');
    });
  }

  fail(
    job: ModelJob,
    token: string,
    failure: { code: number; retry: boolean; delayMs: number | null },
  ) {
    return this.#report(job, token, `fail ${JSON.stringify(failure)}`, () => {
      if (job.cancelRequestedAt !== null) this.#cancelled(job);
      else if (!failure.retry || job.attempt >= job.maxAttempts) {
        this.#end(job, 'failed', failure.code, 'failed');
      } else this.#retryLater(job, failure.delayMs ?? retryDelayMs(job.attempt), 'failed');
    });
  }

  release(job: ModelJob, token: string): Answer {
    return this.#report(job, token, 'release', () => {
      if (job.cancelRequestedAt !== null) this.#cancelled(job);
      else this.#backToQueue(job, 'released');
    });
  }

  cancel(job: ModelJob): Answer {
    if (job.status === 'queued') this.#end(job, 'cancelled', 499);
    else if (job.status === 'running') this.#requestCancel(job);
    else if (job.status !== 'cancelled') return illegal(job);
    return { value: undefined };
  }

  retry(job: ModelJob): Answer {
    if (job.status !== 'failed' && job.status !== 'cancelled') return illegal(job);
    this.#change(job, 'queued');
    Object.assign(job, {
      status: 'queued',
      ready: true,
      runAt: this.#clock.now(),
      attempt: 1,
      lostLeases: 0,
      token: null,
      report: null,
      cancelRequestedAt: null,
      progress: null,
      endedAt: null,
      expiresAt: null,
      end: null,
    } satisfies Partial<ModelJob>);
    return { value: undefined };
  }

  delete(job: ModelJob): Answer {
    if (!hasEnded(job.status)) return illegal(job);
    this.#remove(job);
    return { value: undefined };
  }

  expireLeases(): void {
    const monotonic = this.#clock.monotonic();
    for (const job of this.jobs) {
      const { lease } = job;
      if (!lease) continue;
      const { lapsesAt, runtimeEndsAt, graceEndsAt } = lease;
      if (Math.min(lapsesAt, runtimeEndsAt, graceEndsAt) > monotonic) continue;
      if (job.cancelRequestedAt !== null) this.#cancelled(job);
      else if (runtimeEndsAt <= monotonic) this.#timedOut(job);
      else this.#lapsed(job);
      job.token = null;
    }
  }

  wakeDelayed(): void {
    for (const job of this.jobs) {
      if (job.status !== 'queued' || job.ready || job.runAt > this.#clock.now()) continue;
      job.ready = true;
      this.#change(job, 'queued');
    }
  }

  prune(): void {
    const now = this.#clock.now();
    const expired = this.jobs.filter(({ expiresAt }) => expiresAt !== null && expiresAt <= now);
    for (const job of expired) this.#remove(job);
  }

  /** Every running job has one whole new lease; how long it ran is what the wall clock says. */
  restart(): void {
    const monotonic = this.#clock.monotonic();
    for (const { lease, startedAt, maxRuntimeSeconds, cancelRequestedAt } of this.jobs) {
      if (!lease) continue;
      lease.lapsesAt = monotonic + lease.lengthMs;
      lease.startedAt = monotonic - Math.max(0, this.#clock.now() - (startedAt ?? 0));
      const runtimeEndsAt = lease.startedAt + maxRuntimeSeconds * 1000;
      lease.runtimeEndsAt = Math.max(runtimeEndsAt, lease.lapsesAt);
      lease.graceEndsAt = cancelRequestedAt === null ? Infinity : monotonic + CANCEL_GRACE_MS;
    }
  }

  #change(job: ModelJob, kind: string): void {
    job.version += 1;
    job.kinds.push(kind);
  }

  #report(job: ModelJob, token: string, report: string, end: () => void): Answer {
    if (job.token !== token) return lost(job);
    if (job.report === report) return { value: job.status };
    if (job.status !== 'running') return illegal(job);
    job.report = report;
    end();
    return { value: job.status };
  }

  #requestCancel(job: ModelJob): void {
    if (job.cancelRequestedAt !== null) return;
    job.cancelRequestedAt = this.#clock.now();
    this.#change(job, 'cancel_requested');
    job.lease!.graceEndsAt = this.#clock.monotonic() + CANCEL_GRACE_MS;
  }

  #cancelled(job: ModelJob): void {
    this.#end(job, 'cancelled', 499, 'cancelled');
  }

  #timedOut(job: ModelJob): void {
    if (job.attempt >= job.maxAttempts) this.#end(job, 'failed', 504, 'timed_out');
    else this.#retryLater(job, retryDelayMs(job.attempt), 'timed_out');
  }

  #lapsed(job: ModelJob): void {
    job.lostLeases += 1;
    if (job.lostLeases >= MAX_LOST_LEASES) this.#end(job, 'failed', 500, 'lease_lost');
    else this.#backToQueue(job, 'lease_lost');
  }

  #retryLater(job: ModelJob, delayMs: number, outcome: AttemptOutcome): void {
    this.#backToQueue(job, outcome);
    job.attempt += 1;
    job.runAt = this.#clock.now() + delayMs;
    job.ready = delayMs <= 0;
  }

  #backToQueue(job: ModelJob, outcome: AttemptOutcome): void {
    this.#endAttempt(job, outcome);
    this.#change(job, 'queued');
    job.status = 'queued';
    job.ready = true;
  }

  #end(job: ModelJob, status: JobStatus, code: number, outcome?: AttemptOutcome): void {
    const { lease } = job;
    const runMs = lease ? this.#clock.monotonic() - lease.startedAt : null;
    if (outcome) this.#endAttempt(job, outcome);
    this.#change(job, status);
    const now = this.#clock.now();
    const keptMs = job.retentionSeconds === null ? RETENTION_MS : job.retentionSeconds * 1000;
    job.status = status;
    job.ready = false;
    job.endedAt = now;
    job.expiresAt = now + keptMs;
    job.end = { code, pid: job.workerPid ?? GATEWAY_PID, runMs };
  }

  #endAttempt(job: ModelJob, outcome: AttemptOutcome): void {
    job.outcomes[job.outcomes.length - 1] = outcome;
    job.lease = null;
  }

  #remove(job: ModelJob): void {
    this.jobs.splice(this.jobs.indexOf(job), 1);
  }
}

function lost(job: ModelJob): Answer {
  return { refused: 'lease_lost', status: job.status };
}

function illegal(job: ModelJob): Answer {
  return { refused: 'illegal_transition', status: job.status };
}
