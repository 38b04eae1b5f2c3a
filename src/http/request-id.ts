// The request's id: the caller's own, or a new one; on every answer and in every line of the log.
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export const REQUEST_ID_HEADER = 'x-request-id';

/** UUIDs, ULIDs, trace ids and the ids of common proxies; an API key of ours is longer. */
const SANE_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** The caller's `x-request-id`, if it is one that may stand in a log. */
export function requestIdOf(headers: IncomingHttpHeaders = {}): string {
  const given = headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && SANE_ID.test(given) ? given : randomUUID();
}
