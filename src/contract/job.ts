// The job: its states, the legal transitions between them, and what the store knows of one.
import type { JsonText } from './json-text.ts';

export const JOB_STATUSES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;

export type JobStatus = (typeof JOB_STATUSES)[number];

/**
 * The state machine. `running -> queued` is a retry, a lost lease or a release;
 * `failed | cancelled -> queued` happens by an explicit `job.retry` only; `done` never changes.
 */
export const TRANSITIONS = {
  queued: ['running', 'cancelled'],
  running: ['queued', 'done', 'failed', 'cancelled'],
  done: [],
  failed: ['queued'],
  cancelled: ['queued'],
} as const satisfies Record<JobStatus, readonly JobStatus[]>;

export function canTransition(from: JobStatus, to: JobStatus): boolean {
  return (TRANSITIONS[from] as readonly JobStatus[]).includes(to);
}

export function hasEnded(status: JobStatus): boolean {
  return status === 'done' || status === 'failed' || status === 'cancelled';
}

/** `code` of a cancelled job's result envelope. */
export const CANCELLED_CODE = 499;

/** How far a worker says it is. */
export interface Progress {
  /** 0 to 100. */
  percent?: number | undefined;
  phase?: string | undefined;
  message?: string | undefined;
  /** Seconds the worker still expects to need. */
  eta_seconds?: number | undefined;
}

/** How one attempt ended; `null` while it runs. */
export const ATTEMPT_OUTCOMES = [
  'done',
  'failed',
  'cancelled',
  'released',
  'lease_lost',
  'timed_out',
] as const;

export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** One time a worker had the job. */
export interface Attempt {
  /** The fence this attempt was claimed under. */
  fence: number;
  workerId: string;
  workerPid: number | null;
  startedAt: number;
  endedAt: number | null;
  outcome: AttemptOutcome | null;
  message: string | null;
}

/** A job's end, frozen at that moment for its result envelope. */
export interface JobEnd {
  /** 200, 400 to 599, or `CANCELLED_CODE`. */
  code: number;
  /** `success`, `cancelled`, or why it failed. */
  message: string;
  /** What the worker returned; null unless done. */
  result: JsonText | null;
  /** The worker's process id, or the gateway's where the worker gave none. */
  pid: number;
  /** The whole of the job's life and of its last attempt, milliseconds. */
  totalMs: number;
  runMs: number;
  queueLength: number;
  buildNumber: string;
}

/** What a status answer needs; every field is one indexed read away. */
export interface JobState {
  jobId: string;
  tenant: string;
  /** The caller's own id. */
  id: string | null;
  endpoint: string;
  status: JobStatus;
  /** Rises by one with every change. */
  version: number;
  workerPid: number | null;
  /** Epoch milliseconds, as the other times. */
  createdAt: number;
  runAt: number;
  /** Begin of the present or last attempt. */
  startedAt: number | null;
  /** Null once it has ended. */
  progress: Progress | null;
  end: JobEnd | null;
}

/** A job without its payload and result. Times are epoch milliseconds. */
export interface JobSummary extends Omit<JobState, 'end' | 'progress'> {
  end: Omit<JobEnd, 'result'> | null;
  progress: Progress | null;
  /** Number of the present or last attempt, from 1: failures that were retried, plus one. */
  attempt: number;
  maxAttempts: number;
  lostLeases: number;
  maxLostLeases: number;
  maxRuntimeSeconds: number;
  /** Seconds an ended job is kept; null for the gateway's default. */
  retentionSeconds: number | null;
  /** Rises by one with every claim, never reset. */
  fence: number;
  workerId: string | null;
  priority: number;
  cancelRequestedAt: number | null;
  endedAt: number | null;
  /** When retention removes it; null until it has ended. */
  expiresAt: number | null;
}

/** Everything the store knows of a job. */
export interface Job extends JobSummary {
  payload: JsonText;
  end: JobEnd | null;
}
