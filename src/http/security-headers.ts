// What every answer tells a browser: to run, frame, sniff, keep and pass on nothing of it.
import type Http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { FastifyInstance } from 'fastify';
import { NOT_KEPT } from './cache-control.ts';

/** Imported, Node would read all that node:http exports, and load undici for it: 45 ms of a start. */
const http = createRequire(import.meta.url)('node:http') as typeof Http;

/** An answer of JSON needs nothing that a browser could load. */
const NOTHING = "default-src 'none'; frame-ancestors 'none'";

/** The one that a page may have of its own. */
export const POLICY_HEADER = 'content-security-policy';

/**
 * Those of helmet, closed further where a page of JSON can be. A list of our own, because most of what
 * it must be on (errors before a route, bytes on a socket, streams) comes past a plugin's hooks.
 */
export const SECURITY_HEADERS = {
  [POLICY_HEADER]: NOTHING,
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

const textOf = (headers: object) =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');

const { [POLICY_HEADER]: policy, ...others } = SECURITY_HEADERS;
const ALWAYS = textOf(others);

/** Those that an answer may have of its own. */
const CACHE_CONTROL = 'cache-control';
const POLICY = textOf({ [POLICY_HEADER]: policy });
const NO_STORE = textOf(NOT_KEPT);

/** What Node calls with the status line and its end when it writes the head of an answer. */
interface HeadWriter {
  _storeHeader(statusLine: string, headers: object | undefined): void;
}

const Response = http.ServerResponse as unknown as new (
  request: IncomingMessage,
) => ServerResponse & HeadWriter;

/**
 * Each answer of the server, however it is sent. Set one by one on every reply these headers took
 * 7 µs of a read: Fastify copies and Node checks each. A page has a policy of its own, and nothing
 * is kept unless a route says so.
 */
class GuardedResponse extends Response {
  override _storeHeader(statusLine: string, headers: object | undefined): void {
    const own = headers ?? {};
    const policyText = POLICY_HEADER in own ? '' : POLICY;
    const keepText = CACHE_CONTROL in own ? '' : NO_STORE;
    super._storeHeader(statusLine + ALWAYS + policyText + keepText, headers);
  }
}

/** Node's option of this name. */
export const guardedServerResponse = GuardedResponse as unknown as typeof ServerResponse;

/** A year. RFC 6797, 7.2: over TLS only, which a trusted proxy tells of; not for subdomains, which are another's. */
const STRICT_TRANSPORT_SECURITY = 'max-age=31536000';

/** Of answers over TLS. */
export function tellStrictTransport(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.protocol === 'https') {
      reply.header('strict-transport-security', STRICT_TRANSPORT_SECURITY);
    }
    done();
  });
}
