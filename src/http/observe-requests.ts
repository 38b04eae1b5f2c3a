// Every request observed: its id on the answer, and once it is over its count, its time and its line.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../contract/clock.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';
import { isStream, routeLabel, UNMATCHED } from './route-label.ts';
import type { Tallies } from './tallies.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** When the request was received, monotonic milliseconds. */
    startedAt: number;
    /** Whether the answer waits for something to happen: its time says nothing of the gateway. */
    isHeld: boolean;
  }
}

/** What nginx calls a request whose caller did not wait for the answer. */
const CLIENT_CLOSED_REQUEST = 499;

export function observeRequests(app: FastifyInstance, clock: Clock, tallies: Tallies): void {
  app.decorateRequest('startedAt', 0);
  app.decorateRequest('isHeld', false);
  app.addHook('onRequest', (request, reply, done) => {
    request.startedAt = clock.monotonic();
    reply.header(REQUEST_ID_HEADER, request.id);
    // Unlike `onResponse` it also comes when the caller went away; it comes once.
    reply.raw.on('close', () => conclude(request, reply, clock, tallies));
    done();
  });
}

function conclude(
  request: FastifyRequest,
  { raw, log }: FastifyReply,
  clock: Clock,
  tallies: Tallies,
): void {
  const route = routeLabel(request);
  const { method, principal } = request;
  const status = raw.headersSent ? raw.statusCode : CLIENT_CLOSED_REQUEST;
  const ms = clock.monotonic() - request.startedAt;
  const isTimed = !request.isHeld && status !== CLIENT_CLOSED_REQUEST && !isStream(route);
  tallies.requestEnded({ method, route, status }, isTimed ? ms : undefined);
  const level = levelOf(status);
  // Most are read at `debug`, which is off: not even the line's object is made.
  if (level === 'debug' && log.level !== 'debug' && log.level !== 'trace') return;
  const line = { method, route, status, ms: Math.round(ms * 10) / 10, key_id: principal?.keyId };
  log[level](line, 'request');
}

/** The same of one that got its answer before it had a route. */
export function concludeUnrouted(
  { log }: FastifyInstance,
  tallies: Tallies,
  { status, requestId }: { status: number; requestId: string },
): void {
  tallies.requestEnded({ method: 'unknown', route: UNMATCHED, status }, undefined);
  log[levelOf(status)]({ request_id: requestId, route: UNMATCHED, status }, 'request');
}

/** What went well is many lines; what did not should be seen. */
function levelOf(status: number): 'debug' | 'info' | 'warn' {
  if (status < 400 || status === CLIENT_CLOSED_REQUEST) return 'debug';
  return status < 500 ? 'info' : 'warn';
}
