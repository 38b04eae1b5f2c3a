// The errors: every code has both of its faces, and the messages of the contract.
import { describe, expect, it } from 'vitest';
import {
  HTTP_STATUS,
  illegalTransition,
  invalidPayload,
  jobNotFound,
  JobgateError,
  leaseLost,
  TRPC_CODE,
} from '../../src/contract/errors.ts';

/** What tRPC itself answers a code with over HTTP, where it has one of its own. */
const TRPC_STATUS: Record<string, number> = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_SUPPORTED: 405,
  TIMEOUT: 408,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  UNPROCESSABLE_CONTENT: 422,
  TOO_MANY_REQUESTS: 429,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
};

/** HTTP has these, tRPC does not. */
const HTTP_ONLY = ['uri_too_long', 'expectation_failed', 'headers_too_large'];

describe('codes', () => {
  it('are the same in both tables', () => {
    expect(Object.keys(TRPC_CODE).toSorted()).toEqual(Object.keys(HTTP_STATUS).toSorted());
  });

  it.each(Object.entries(TRPC_CODE))('%s is the same over tRPC: %s', (code, trpcCode) => {
    const status = HTTP_STATUS[code as keyof typeof HTTP_STATUS];
    expect(TRPC_STATUS[trpcCode]).toBe(HTTP_ONLY.includes(code) ? 400 : status);
    expect(new JobgateError(code as keyof typeof HTTP_STATUS, 'x').httpStatus).toBe(status);
  });

  it('are those of the contract', () => {
    const statuses = new Set<number>(Object.values(HTTP_STATUS));
    for (const status of [
      400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 422, 429, 431, 500, 503,
    ])
      expect(statuses).toContain(status);
  });
});

describe('messages', () => {
  it('of a wrong input name every fault', () => {
    const error = invalidPayload([
      { path: 'job_id', message: 'Invalid UUID' },
      { path: '', message: 'Not an object' },
    ]);
    expect(error.message).toBe('Invalid payload: job_id: Invalid UUID; Not an object');
    expect(error.details.issues).toHaveLength(2);
    expect(error.httpStatus).toBe(400);
  });

  it('of an unknown job is the contract’s', () => {
    expect(jobNotFound('e6d7')).toMatchObject({
      code: 'job_not_found',
      message: 'Job not found',
      details: { jobId: 'e6d7' },
    });
  });

  it('of a conflict tell the state', () => {
    expect(leaseLost('done')).toMatchObject({ code: 'lease_lost', details: { jobStatus: 'done' } });
    expect(leaseLost().details).toEqual({});
    expect(illegalTransition('No', 'running')).toMatchObject({
      code: 'illegal_transition',
      message: 'No',
      details: { jobStatus: 'running' },
    });
  });

  it('keep the cause inside', () => {
    const cause = new Error('/var/lib/secret.db');
    const error = new JobgateError('internal', 'Something broke', { cause });
    expect(error.cause).toBe(cause);
    expect(error.message).not.toContain('secret');
  });
});
