// The errors in the OpenAPI document: which of them a procedure can answer, with body and example.
import { HTTP_STATUS, type ErrorCode } from '../contract/errors.ts';
import { EXAMPLE_JOB_ID } from '../contract/fields.ts';
import { JOB_STATUSES } from '../contract/job.ts';
import type { Meta } from './trpc.ts';

const code = { type: 'integer', minimum: 400, maximum: 599 };
const error = { type: 'string', minLength: 1 };

export const ERROR_SCHEMAS = {
  Error: body({ error, code }),
  InvalidPayload: body(
    {
      error,
      code: { const: 400 },
      issues: {
        description: 'Every fault, with the dotted path of its field; empty for the whole body.',
        type: 'array',
        minItems: 1,
        items: body({ path: { type: 'string' }, message: { type: 'string' } }),
      },
    },
    ['error', 'code'],
  ),
  JobNotFound: body({
    error: { const: 'Job not found' },
    job_id: { type: 'string', format: 'uuid' },
  }),
  Conflict: body({
    error,
    code: { const: 409 },
    reason: { enum: ['lease_lost', 'illegal_transition'] },
    job_status: { description: 'Its state now.', enum: [...JOB_STATUSES] },
  }),
};

/** An object of exactly these keys. */
function body(properties: Record<string, object>, required = Object.keys(properties)) {
  return { type: 'object', properties, required, additionalProperties: false };
}

const RETRY_AFTER = {
  'Retry-After': {
    description: 'Whole seconds after which to try again.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
};

/** Of draft-ietf-httpapi-ratelimit-headers-10. */
const RATE_LIMIT = {
  'RateLimit-Policy': {
    description: 'The limit that holds, where one does: its quota of requests and its window.',
    schema: { type: 'string', examples: ['"key";q=100;w=1'] },
  },
  RateLimit: {
    description: 'What is left of the quota, and seconds until it is whole again.',
    schema: { type: 'string', examples: ['"key";r=0;t=1'] },
  },
};

/** Those that are the same on every path, by their status. */
const RESPONSES = {
  400: answer(
    'The request is not well-formed.',
    { schema: 'InvalidPayload' },
    {
      invalid_field: {
        error: 'Invalid payload: job_id: Invalid UUID',
        code: 400,
        issues: [{ path: 'job_id', message: 'Invalid UUID' }],
      },
      invalid_json: {
        error: 'Invalid payload: The body is not valid JSON',
        code: 400,
        issues: [{ path: '', message: 'The body is not valid JSON' }],
      },
      invalid_http: { error: 'The Host header is missing', code: 400 },
    },
  ),
  401: plain(401, 'The key is missing, unknown, revoked or expired.', 'Unauthorized'),
  408: plain(408, 'The request was not whole in time.', 'The request took too long to arrive'),
  409: answer(
    'The worker lost the job, or its state does not allow this.',
    { schema: 'Conflict' },
    {
      lease_lost: {
        error: 'The lease on this job is lost: another worker may have it, stop working on it',
        code: 409,
        reason: 'lease_lost',
        job_status: 'running',
      },
      illegal_transition: {
        error: 'This job is done and cannot be cancelled any more',
        code: 409,
        reason: 'illegal_transition',
        job_status: 'done',
      },
    },
  ),
  413: plain(413, 'The body is too large.', 'The body is over the limit of 1048576 bytes'),
  414: plain(414, 'The URL is too long.', 'The URL is too long'),
  415: plain(
    415,
    'The body is not declared as JSON.',
    'The body must be sent as Content-Type: application/json',
  ),
  417: plain(
    417,
    'The `Expect` header cannot be met.',
    'The only Expect that is met is 100-continue',
  ),
  422: plain(
    422,
    'The idempotency key was used with another request.',
    'The idempotency key "order-17" was used with another request: use a new key, or send the same request',
  ),
  429: answer(
    'The key or the address asks too fast, the queue is full, or too many callers wait.',
    { schema: 'Error', headers: { ...RETRY_AFTER, ...RATE_LIMIT } },
    {
      too_fast: { error: 'This key asks too fast (100/s): try again in 1 s', code: 429 },
      queue_full: { error: 'MAX_QUEUE_LENGTH (1000) reached', code: 429 },
      too_many_waiters: {
        error: 'MAX_WAITERS (20000) reached: ask again without wait_seconds',
        code: 429,
      },
    },
  ),
  431: plain(431, 'The headers are too large.', 'The headers are too large'),
  503: answer(
    'Starting, stopping or overloaded.',
    { schema: 'Error', headers: RETRY_AFTER },
    {
      unavailable: { error: 'The job store is unavailable: its disk is full', code: 503 },
      overloaded: { error: 'The gateway is overloaded: try again in 2 s', code: 503 },
    },
  ),
} as const;

/** `components.responses` of the document. */
export const ERROR_RESPONSES = Object.fromEntries(
  Object.entries(RESPONSES).map(([status, response]) => [`Error${status}`, response]),
);

type SharedStatus = keyof typeof RESPONSES;

/** What the gateway may answer to any request, before it looks at who asks for what. */
const ALWAYS: readonly SharedStatus[] = [400, 401, 408, 414, 417, 429, 431, 503];

/** Only where there is a body to look at. */
const WITH_BODY: readonly SharedStatus[] = [413, 415];

/** Every response of 400 and above of a procedure, by status. */
export function errorResponses(meta: Meta): Record<string, object> {
  const own = (meta.errors ?? []).map((name) => [HTTP_STATUS[name], ownResponse(name)] as const);
  const hasBody = meta.openapi?.method !== 'GET';
  const shared = hasBody ? [...ALWAYS, ...WITH_BODY] : ALWAYS;
  return Object.fromEntries<object>([
    ...shared.map((status) => [status, refer(status)] as const),
    ...(meta.scope === 'any' ? [] : [[403, forbidden(meta.scope)] as const]),
    ...own,
    [500, failed(meta.failure)] as const,
  ]);
}

function ownResponse(name: ErrorCode): object {
  if (name === 'job_not_found') return JOB_NOT_FOUND;
  if (name === 'delivery_not_found')
    return plain(404, 'There is no such delivery, or its job was removed.', 'Delivery not found');
  if (name === 'not_found') return plain(404, 'There is none with this id.', 'Key not found');
  return refer(HTTP_STATUS[name] as SharedStatus);
}

const JOB_NOT_FOUND = answer(
  'There is no such job, or it was removed after it ended.',
  { schema: 'JobNotFound' },
  { job_not_found: { error: 'Job not found', job_id: EXAMPLE_JOB_ID } },
);

function forbidden(scope: string): object {
  return plain(403, `The key lacks the scope \`${scope}\`.`, `This key lacks the scope "${scope}"`);
}

function failed(failure: string): object {
  return plain(500, 'Something failed inside.', `Failed to ${failure}: the job store is damaged`);
}

function plain(status: number, description: string, message: string): object {
  const examples = { [`error_${status}`]: { error: message, code: status } };
  return answer(description, { schema: 'Error' }, examples);
}

interface Shape {
  schema: keyof typeof ERROR_SCHEMAS;
  headers?: object;
}

function answer(
  description: string,
  { schema, headers }: Shape,
  examples: Record<string, object>,
): object {
  const named = Object.entries(examples).map(([name, value]) => [name, { value }]);
  return {
    description,
    ...(headers && { headers }),
    content: {
      'application/json': {
        schema: { $ref: `#/components/schemas/${schema}` },
        examples: Object.fromEntries(named),
      },
    },
  };
}

function refer(status: SharedStatus): object {
  return { $ref: `#/components/responses/Error${status}` };
}
