// The handler: what a user writes for an endpoint, and what it is given.

/** A job as its handler sees it. */
export interface WorkerJob {
  jobId: string;
  /** The caller's own id. */
  id: string | null;
  endpoint: string;
  payload: Record<string, unknown>;
  /** Number of this attempt, from 1. */
  attempt: number;
  maxAttempts: number;
  /** Epoch milliseconds at which the gateway takes the job back (`max_runtime_seconds`). */
  deadlineAt: number;
}

/** How far a handler is; each call replaces what was said before. */
export interface HandlerProgress {
  /** 0 to 100; beyond is cut to it. */
  percent?: number | undefined;
  /** One short word or two, such as `downloading`. */
  phase?: string | undefined;
  message?: string | undefined;
  /** Seconds still needed. */
  etaSeconds?: number | undefined;
}

export interface WorkerContext {
  /**
   * Aborted when the work has become pointless; `signal.reason` is a `JobAborted` that says why.
   * Hand it to whatever you await.
   */
  signal: AbortSignal;
  /** Number of this attempt, from 1. */
  attempt: number;
  /** Tells the gateway how far it is. Never throws, never waits; the latest is sent, once a second. */
  progress(progress: HandlerProgress): void;
}

/**
 * Does the job of one endpoint. What it returns becomes the job's result (`undefined` becomes
 * null); what it throws fails the attempt. Throw a `JobFailure` to choose the code and whether it
 * is tried again. A handler must not block the event loop: heartbeats would stop, and the gateway
 * would give the job to another worker.
 */
export type Handler = (job: WorkerJob, context: WorkerContext) => unknown;

/** Handlers by endpoint, such as `/v1/media/metadata`. */
export type Handlers = Record<string, Handler>;
