// What a worker tells of itself while it runs, for logs and metrics. Never a payload, never a key.
import type { AbortReason } from './job-aborted.ts';

/** Which job an event is about. */
export interface JobMark {
  jobId: string;
  endpoint: string;
  attempt: number;
}

export type WorkerEvent =
  | { kind: 'started'; workerId: string; endpoints: string[] }
  | ({ kind: 'claimed' } & JobMark)
  /** Its handler was told to stop. */
  | ({ kind: 'aborted'; reason: AbortReason } & JobMark)
  /** The gateway took the report: the job is now `jobStatus` (a failed attempt may be `queued`). */
  | ({
      kind: 'completed' | 'failed' | 'released';
      jobStatus: string;
      runMs: number;
      /** Why it failed. */
      message?: string | undefined;
    } & JobMark)
  /** The gateway took no report: the job is no longer this worker's. */
  | ({ kind: 'dropped'; message: string } & JobMark)
  /** The gateway did not take this progress; the job goes on. */
  | ({ kind: 'progress_refused'; message: string } & JobMark)
  /** The gateway does not answer; the call is made again. */
  | { kind: 'retrying'; what: 'claim' | 'heartbeat' | 'report'; message: string; inMs: number }
  /** The gateway answers claims again. */
  | { kind: 'reconnected' }
  | { kind: 'stopping' }
  | { kind: 'stopped'; error?: Error | undefined };

export type OnWorkerEvent = (event: WorkerEvent) => void;
