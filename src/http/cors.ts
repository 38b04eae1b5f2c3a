// CORS (https://fetch.spec.whatwg.org/#http-cors-protocol): which pages of other origins may call.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const ANY = '*';

const READABLE =
  'ETag, Idempotent-Replayed, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id';

/** What browsers must be told before they ask. The key is a header of its own: no cookies, no credentials. */
const PREFLIGHT = {
  'access-control-allow-methods': 'GET, HEAD, POST',
  'access-control-allow-headers':
    'content-type, idempotency-key, if-none-match, last-event-id, prefer, traceparent, tracestate, trpc-accept, x-api-key, x-request-id, x-trpc-source',
  // Two hours: Chromium keeps it no longer.
  'access-control-max-age': '7200',
};

/**
 * Answers preflights, and marks all other answers, errors too, for pages of these origins; `*` is any.
 * The common plugin is not used: it mounts a route for every OPTIONS, and so takes our 405 and 404
 * of requests that are no preflights, and answers some of them in plain text.
 */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const allowed = new Set(origins);
  app.addHook('onRequest', (request, reply, done) => {
    const origin = allowedOrigin(request, allowed);
    if (!allowed.has(ANY)) reply.header('vary', 'Origin');
    if (origin === undefined) return done();
    reply.header('access-control-allow-origin', origin);
    if (isPreflight(request)) return void answerPreflight(reply);
    reply.header('access-control-expose-headers', READABLE);
    done();
  });
}

function allowedOrigin({ headers }: FastifyRequest, allowed: Set<string>): string | undefined {
  const { origin } = headers;
  if (origin === undefined) return undefined;
  if (allowed.has(ANY)) return ANY;
  return allowed.has(origin) ? origin : undefined;
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function answerPreflight(reply: FastifyReply): FastifyReply {
  return reply.code(204).headers(PREFLIGHT).send();
}
