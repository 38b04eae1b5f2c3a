// The errors: every code, the HTTP status and the tRPC code it maps to, and the one error class.
import type { JobStatus } from './job.ts';

/** Code to HTTP status. A new code does not compile until both tables have it. */
export const HTTP_STATUS = {
  invalid_payload: 400,
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  job_not_found: 404,
  delivery_not_found: 404,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  lease_lost: 409,
  illegal_transition: 409,
  payload_too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  expectation_failed: 417,
  idempotency_mismatch: 422,
  too_many_requests: 429,
  headers_too_large: 431,
  internal: 500,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof HTTP_STATUS;

export const TRPC_CODE = {
  invalid_payload: 'BAD_REQUEST',
  bad_request: 'BAD_REQUEST',
  unauthorized: 'UNAUTHORIZED',
  forbidden: 'FORBIDDEN',
  job_not_found: 'NOT_FOUND',
  delivery_not_found: 'NOT_FOUND',
  not_found: 'NOT_FOUND',
  method_not_allowed: 'METHOD_NOT_SUPPORTED',
  request_timeout: 'TIMEOUT',
  lease_lost: 'CONFLICT',
  illegal_transition: 'CONFLICT',
  payload_too_large: 'PAYLOAD_TOO_LARGE',
  uri_too_long: 'BAD_REQUEST',
  unsupported_media_type: 'UNSUPPORTED_MEDIA_TYPE',
  expectation_failed: 'BAD_REQUEST',
  idempotency_mismatch: 'UNPROCESSABLE_CONTENT',
  too_many_requests: 'TOO_MANY_REQUESTS',
  headers_too_large: 'BAD_REQUEST',
  internal: 'INTERNAL_SERVER_ERROR',
  unavailable: 'SERVICE_UNAVAILABLE',
} as const satisfies Record<ErrorCode, string>;

/** One fault in the input: `path` is dotted (`jobs.3.endpoint`), empty for the whole body. */
export interface Issue {
  path: string;
  message: string;
}

export interface ErrorDetails {
  jobId?: string;
  issues?: Issue[];
  jobStatus?: JobStatus;
  /** Sent as `Retry-After`, whole seconds. */
  retryAfterSeconds?: number;
  /** Sent as `RateLimit-Policy` and `RateLimit`. */
  rateLimit?: { policy: string; standing: string };
  /** Sent as `Allow`. */
  allow?: string;
  cause?: unknown;
}

/** An error whose message is written for the caller; what must stay inside goes into `cause`. */
export class JobgateError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, publicMessage: string, details: ErrorDetails = {}) {
    super(publicMessage, { cause: details.cause });
    this.name = 'JobgateError';
    this.code = code;
    this.details = details;
  }

  get httpStatus(): number {
    return HTTP_STATUS[this.code];
  }
}

export function invalidPayload(issues: Issue[]): JobgateError {
  const reasons = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message));
  return new JobgateError('invalid_payload', `Invalid payload: ${reasons.join('; ')}`, { issues });
}

export function jobNotFound(jobId: string): JobgateError {
  return new JobgateError('job_not_found', 'Job not found', { jobId });
}

/** The next gateway on the same database answers. */
export function stopping(): JobgateError {
  const message = 'The gateway is stopping: try again in a moment';
  return new JobgateError('unavailable', message, { retryAfterSeconds: 5 });
}

export function leaseLost(jobStatus?: JobStatus): JobgateError {
  const message = 'The lease on this job is lost: another worker may have it, stop working on it';
  return new JobgateError('lease_lost', message, jobStatus ? { jobStatus } : {});
}

export function illegalTransition(message: string, jobStatus: JobStatus): JobgateError {
  return new JobgateError('illegal_transition', message, { jobStatus });
}
