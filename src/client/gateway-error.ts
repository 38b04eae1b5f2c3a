// What went wrong between a caller and its gateway: a class for each refusal, and which may pass.
import type { Issue } from '../contract/errors.ts';
import type { JobStatus } from '../contract/job.ts';

/** Statuses that are about the moment, not about what was asked. */
const PASSING = [408, 425, 429];

/** Everything that the client throws, but for a signal's own reason and a TypeError of its options. */
export class JobgateClientError extends Error {
  override name = 'JobgateClientError';
}

export interface GatewayErrorOptions {
  /** HTTP status of the answer. Default: none came. */
  status?: number | undefined;
  /** What the answer's `Retry-After` asks for. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** The gateway refused, or did not answer. Never holds the API key. */
export class GatewayError extends JobgateClientError {
  override name = 'GatewayError';
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { status, retryAfterMs, cause }: GatewayErrorOptions) {
    super(message, { cause });
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may be answered otherwise later. */
  get isPassing(): boolean {
    return this.status === undefined || this.status >= 500 || PASSING.includes(this.status);
  }
}

/** No answer: no connection, a broken one, or silence for too long. */
export class NetworkError extends GatewayError {
  override name = 'NetworkError';
}

/** 400: the input is wrong. */
export class InvalidPayloadError extends GatewayError {
  override name = 'InvalidPayloadError';
  /** Each field and its fault. */
  issues: readonly Issue[] = [];
}

/** 401: the key is missing, unknown, revoked or expired. */
export class UnauthorizedError extends GatewayError {
  override name = 'UnauthorizedError';
}

/** 403: the key lacks the scope that the message names. */
export class ForbiddenError extends GatewayError {
  override name = 'ForbiddenError';
}

/** 404: there is no such job, or it has been removed. */
export class JobNotFoundError extends GatewayError {
  override name = 'JobNotFoundError';
  jobId = '';
}

/** 409: the job is in a state in which this cannot be done. */
export class IllegalTransitionError extends GatewayError {
  override name = 'IllegalTransitionError';
  jobStatus: JobStatus | undefined;
}

/** 409: another worker may have the job by now. */
export class LeaseLostError extends GatewayError {
  override name = 'LeaseLostError';
}

/** 413: the request or the result is larger than the gateway takes. */
export class PayloadTooLargeError extends GatewayError {
  override name = 'PayloadTooLargeError';
}

/** 422: the idempotency key was used for another request. */
export class IdempotencyMismatchError extends GatewayError {
  override name = 'IdempotencyMismatchError';
}

/** 429: the queue is full, or the caller too fast. */
export class TooManyRequestsError extends GatewayError {
  override name = 'TooManyRequestsError';

  /** Whole seconds until it is worth another try. */
  get retryAfterSeconds(): number | undefined {
    return this.retryAfterMs === undefined ? undefined : this.retryAfterMs / 1000;
  }
}

/** 503: the gateway starts, stops or is overloaded. */
export class UnavailableError extends GatewayError {
  override name = 'UnavailableError';
}

const CLASSES: Record<number, typeof GatewayError | undefined> = {
  400: InvalidPayloadError,
  401: UnauthorizedError,
  403: ForbiddenError,
  413: PayloadTooLargeError,
  422: IdempotencyMismatchError,
  429: TooManyRequestsError,
  503: UnavailableError,
};

/** What a gateway says of an error; a proxy before it says none of this. */
export interface ErrorBody {
  error?: unknown;
  issues?: unknown;
  job_id?: unknown;
  job_status?: unknown;
  reason?: unknown;
}

/** The error of an answer that is not what was asked for. */
export function toGatewayError({ status, headers }: Response, body: ErrorBody = {}): GatewayError {
  const isOurs = typeof body.error === 'string';
  const what = isOurs ? `${status} ${String(body.error)}` : `${status}, not as a gateway does`;
  const Class = (isOurs && classOf(status, body)) || GatewayError;
  const retryAfterMs = parseRetryAfter(headers);
  const error = new Class(`The gateway answered ${what}`, { status, retryAfterMs });
  if (error instanceof InvalidPayloadError && Array.isArray(body.issues)) {
    error.issues = body.issues as Issue[];
  } else if (error instanceof JobNotFoundError) error.jobId = String(body.job_id);
  else if (error instanceof IllegalTransitionError) error.jobStatus = body.job_status as JobStatus;
  return error;
}

function classOf(status: number, body: ErrorBody): typeof GatewayError | undefined {
  if (status === 404 && body.job_id !== undefined) return JobNotFoundError;
  if (status !== 409) return CLASSES[status];
  return body.reason === 'lease_lost' ? LeaseLostError : IllegalTransitionError;
}

/** Seconds only: the gateway sends no dates. */
export function parseRetryAfter(headers: Headers): number | undefined {
  const header = headers.get('retry-after');
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
