// What every answer tells a browser: to run, frame, sniff and pass on nothing of it.
import type { FastifyInstance } from 'fastify';
import { NOT_KEPT } from './cache-control.ts';

/** An answer of JSON needs nothing that a browser could load. */
const NOTHING = "default-src 'none'; frame-ancestors 'none'";

/**
 * Those of helmet, closed further where a page of JSON can be. A list of our own, because most of what
 * it must be on (errors before a route, bytes on a socket, streams) comes past a plugin's hooks.
 */
export const SECURITY_HEADERS = {
  'content-security-policy': NOTHING,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
};

/** On every answer, errors before any hook included. */
export const ON_EVERY_ANSWER = { ...NOT_KEPT, ...SECURITY_HEADERS };

/** A year. RFC 6797, 7.2: over TLS only, which a trusted proxy tells of; not for subdomains, which are another's. */
const STRICT_TRANSPORT_SECURITY = 'max-age=31536000';

/** Nothing is kept unless a route says so. Errors say it once more: some come past every hook. */
export function guardAnswers(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(ON_EVERY_ANSWER);
    if (request.protocol === 'https') {
      reply.header('strict-transport-security', STRICT_TRANSPORT_SECURITY);
    }
    done();
  });
}
