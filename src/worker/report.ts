// The report on an attempt: what its handler returned or threw, as the gateway gets to hear it.
import type { GatewayError } from '../client/gateway-error.ts';
import { composeJson, JsonText } from '../contract/json-text.ts';
import type { Lease } from './gateway-api.ts';
import { JobFailure } from './job-failure.ts';

/** `body` is written once: the same report, sent again, is answered as it was the first time. */
export interface Report {
  verb: 'complete' | 'fail' | 'release';
  body: string;
  /** Why it failed. */
  message?: string;
}

interface Failure {
  message: string;
  code: number;
  retry: boolean;
  retry_delay_seconds?: number | undefined;
}

/** The gateway takes 10,000 characters; nobody reads them. */
const LONGEST_MESSAGE = 2000;

/** The handler returned `result`; `undefined` becomes null. */
export function completion(lease: Lease, result: unknown): Report {
  try {
    // The result's text is spliced in as it is: it may be long.
    return { verb: 'complete', body: bodyOf(lease, { result: toJson(result) }) };
  } catch (error) {
    // The same handler would most likely return the same again.
    const message = `The result cannot be written as JSON: ${messageOf(error)}`;
    return failure(lease, { message, code: 500, retry: false });
  }
}

/** The handler threw `error`, anything at all. */
export function failureOf(lease: Lease, error: unknown): Report {
  const message = messageOf(error);
  if (!JobFailure.is(error)) return failure(lease, { message, code: 500, retry: true });
  const { code, retry, retryDelaySeconds } = error;
  return failure(lease, { message, code, retry, retry_delay_seconds: retryDelaySeconds });
}

/** The gateway does not take the result, too large or not storable: the job fails for good. */
export function refusedResult(lease: Lease, { message, status }: GatewayError): Report {
  const code = status === 413 ? 413 : 500;
  return failure(lease, { message: `The result was refused: ${message}`, code, retry: false });
}

/** The job goes back to the queue. */
export function release(lease: Lease): Report {
  return { verb: 'release', body: bodyOf(lease, {}) };
}

function failure(lease: Lease, { message, ...fields }: Failure): Report {
  const storable = message.slice(0, LONGEST_MESSAGE).replaceAll('\0', '\ufffd').toWellFormed();
  return {
    verb: 'fail',
    body: bodyOf(lease, { message: storable, ...fields }),
    message: storable,
  };
}

function bodyOf({ job_id, lease_token }: Lease, fields: object): string {
  return composeJson({ job_id, lease_token, ...fields }).text;
}

function toJson(result: unknown): JsonText {
  const text = JSON.stringify(result ?? null) as string | undefined;
  if (text === undefined) throw new TypeError(`it is a ${typeof result}`);
  return new JsonText(text);
}

/** Never empty. */
function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name || 'Error without a message';
  return typeof thrown === 'string' && thrown ? thrown : `The handler threw a ${typeof thrown}`;
}
