// Errors over HTTP: whatever went wrong becomes one JobgateError, and one function writes its body.
import type { FastifyReply } from 'fastify';
import type { RateLimitFields } from '../auth/rate-limits.ts';
import { HTTP_STATUS, JobgateError, invalidPayload, type ErrorCode } from '../contract/errors.ts';
import { NOT_KEPT } from './cache-control.ts';

/** The body of a REST error. A job that is not there has these two keys only. */
export function errorBody(error: JobgateError): Record<string, unknown> {
  const { jobId, issues, jobStatus } = error.details;
  if (error.code === 'job_not_found') return { error: error.message, job_id: jobId };
  const { httpStatus: code } = error;
  return {
    error: error.message,
    code,
    ...(issues && { issues }),
    ...(code === HTTP_STATUS.lease_lost && { reason: error.code }),
    ...(jobStatus && { job_status: jobStatus }),
  };
}

/** The headers that go with it. */
export function errorHeaders({ details }: JobgateError): Record<string, string> {
  const { retryAfterSeconds, allow, rateLimit } = details;
  return {
    ...NOT_KEPT,
    ...(rateLimit && rateLimitHeaders(rateLimit)),
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    ...(allow !== undefined && { allow }),
  };
}

export function rateLimitHeaders({ policy, standing }: RateLimitFields): Record<string, string> {
  return { 'ratelimit-policy': policy, ratelimit: standing };
}

export const JSON_TYPE = 'application/json; charset=utf-8';

export function sendError(reply: FastifyReply, error: JobgateError): FastifyReply {
  return reply
    .code(error.httpStatus)
    .headers(errorHeaders(error))
    .type(JSON_TYPE)
    .send(JSON.stringify(errorBody(error)));
}

/** Fastify's and Node's own failures, in our words. */
const FRAMEWORK_ERRORS: Record<string, () => JobgateError> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new JobgateError(
      'unsupported_media_type',
      'The body must be sent as Content-Type: application/json',
    ),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new JobgateError('bad_request', 'The body is not as long as its Content-Length says'),
  FST_ERR_BAD_URL: () => new JobgateError('bad_request', 'The URL is not well-formed'),
  HPE_HEADER_OVERFLOW: () => new JobgateError('headers_too_large', 'The headers are too large'),
  ERR_HTTP_REQUEST_TIMEOUT: () =>
    new JobgateError('request_timeout', 'The request took too long to arrive'),
};

const BAD_REQUEST = 'The request is not well-formed HTTP';

/** Our own errors wherever they are wrapped; undefined for what nobody foresaw. */
export function knownError(error: unknown, bodyLimit: number): JobgateError | undefined {
  const { cause, code, statusCode } = (error ?? {}) as Record<string, unknown>;
  if (error instanceof JobgateError) return error;
  if (cause instanceof JobgateError) return cause;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return bodyTooLarge(bodyLimit);
  const known = FRAMEWORK_ERRORS[String(code)];
  if (known) return known();
  if (String(code).startsWith('HPE_'))
    return new JobgateError('bad_request', BAD_REQUEST, { cause: error });
  const isCallers = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  return isCallers
    ? new JobgateError(codeOf(statusCode), BAD_REQUEST, { cause: error })
    : undefined;
}

export function bodyTooLarge(bodyLimit: number): JobgateError {
  return new JobgateError('payload_too_large', `The body is over the limit of ${bodyLimit} bytes`);
}

export function methodNotAllowed(methods: readonly string[]): JobgateError {
  const allow = methods.join(', ');
  return new JobgateError('method_not_allowed', `Method not allowed: use ${allow}`, { allow });
}

export function malformedBody(message: string): JobgateError {
  return invalidPayload([{ path: '', message }]);
}

function codeOf(status: number): ErrorCode {
  const found = Object.entries(HTTP_STATUS).find(([, known]) => known === status);
  return (found?.[0] ?? 'bad_request') as ErrorCode;
}
