// What went wrong between a worker and its gateway, and whether asking again may help.

/** Statuses that are about the moment, not about what was asked. */
const PASSING = [408, 425, 429];

export interface GatewayErrorOptions {
  /** HTTP status of the answer. Default: none came. */
  status?: number | undefined;
  /** What the answer's `Retry-After` asks for. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

export class GatewayError extends Error {
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { status, retryAfterMs, cause }: GatewayErrorOptions) {
    super(message, { cause });
    this.name = 'GatewayError';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may be answered otherwise later. */
  get isPassing(): boolean {
    return this.status === undefined || this.status >= 500 || PASSING.includes(this.status);
  }
}
