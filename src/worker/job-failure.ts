// The failure a handler chooses: its code, and whether and when the job is tried again.

export interface JobFailureOptions {
  /** 400 to 599. Default: 500. */
  code?: number;
  /** false: the job fails for good. Default: true. */
  retry?: boolean;
  /** Seconds until the next attempt, up to 7 days. Default: the gateway's backoff. */
  retryDelaySeconds?: number;
  cause?: unknown;
}

const LONGEST_DELAY_SECONDS = 7 * 24 * 60 * 60;

/** Throw it in a handler. Throws RangeError when the code or the delay is out of bounds. */
export class JobFailure extends Error {
  readonly code: number;
  readonly retry: boolean;
  readonly retryDelaySeconds: number | undefined;

  constructor(message: string, options: JobFailureOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'JobFailure';
    this.code = options.code ?? 500;
    this.retry = options.retry ?? true;
    this.retryDelaySeconds = options.retryDelaySeconds;
    assertCode(this.code);
    assertDelay(this.retryDelaySeconds ?? 0);
  }

  /** By name: a handler's module may have another copy of this class than its worker. */
  static is(error: unknown): error is JobFailure {
    return error instanceof Error && error.name === 'JobFailure';
  }
}

function assertCode(code: number): void {
  if (Number.isInteger(code) && code >= 400 && code <= 599) return;
  throw new RangeError(`A JobFailure's code must be from 400 to 599, not ${code}`);
}

function assertDelay(seconds: number): void {
  if (seconds >= 0 && seconds <= LONGEST_DELAY_SECONDS) return;
  throw new RangeError(`A JobFailure's retryDelaySeconds must be 0 to 7 days, not ${seconds}`);
}
