// The HTTP server, built from the services; it never listens by itself.
import type { Tracer } from '@opentelemetry/api';
import fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { JobgateError } from '../contract/errors.ts';
import type { Services } from '../procedures/trpc.ts';
import { makeAsset, sendTagged, type Asset } from './assets.ts';
import { parseJsonBodies } from './body-parser.ts';
import {
  answerBrokenRequest,
  answerConnects,
  answerExpectations,
  type OnAnswer,
} from './broken-requests.ts';
import { authenticate } from './context.ts';
import { allowOrigins } from './cors.ts';
import { mountDashboard } from './dashboard.ts';
import { mountDocs } from './docs.ts';
import { drainOnClose } from './drain.ts';
import { JSON_TYPE, knownError, methodNotAllowed, sendError } from './errors.ts';
import { mountHealth } from './health.ts';
import { loadOnce } from './load-once.ts';
import { shedLoad } from './load-shedding.ts';
import { mountMetrics, type MetricsOptions } from './metrics.ts';
import { NO_COMPILERS } from './no-compilers.ts';
import { concludeUnrouted, observeRequests } from './observe-requests.ts';
import { openSockets } from './open-sockets.ts';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.ts';
import { bodyLimitOf, mountProcedures, type MountedPaths } from './rest.ts';
import { scrubber, withoutSecrets, type Logger } from './secret-free-log.ts';
import { tellStrictTransport, guardedServerResponse } from './security-headers.ts';
import { cutSlowBodies } from './slow-bodies.ts';
import { mountJobEvents } from './sse.ts';
import { isTrpcPath, mountTrpc, TRPC_METHODS, type ToJobgateError } from './trpc.ts';
import { cutUntakenAnswers } from './untaken-answers.ts';
import { closeUnusedConnections } from './unused-connections.ts';

export interface ServerOptions extends MetricsOptions {
  /** Fastify's `logger` option. */
  logger: Logger;
  /** Texts that no line of the log may hold, besides those that look like keys of ours. */
  secrets?: readonly (string | undefined)[];
  /** Proxies whose `X-Forwarded-*` is believed: networks, or how many stand in front. Default: none. */
  trustProxy?: readonly string[] | number | undefined;
  /** Origins whose pages may call; `*` for any. Default: none. */
  corsOrigins?: readonly string[] | undefined;
  /** From which lag of the event loop on requests are refused, milliseconds. Default: 0, never. */
  maxEventLoopLagMs?: number | undefined;
  /** The folder that the dashboard was built into. Default: none is served. */
  dashboardFolder?: string | undefined;
  /** Traces every request. Default: none, and nothing of it is loaded. */
  tracer?: Tracer | undefined;
}

/** Headers must arrive within this, and with the body within the other, milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * How often Node looks for connections over those. With its default of 30 s they live on; with a second
 * the 408 of a thousand of them hold up everybody else's answer for 40 ms, with 100 ms those of a hundred
 * for 6: `npm run test:sockets` has 2.4 times the idle p99 then, and 1.1 times with this.
 */
const CHECKING_INTERVAL_MS = 20;

/** Longer than common proxies keep an idle connection: the one who closes first must be the one who asks. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** The request line and all headers together. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Below the limit for all headers together, with room for a batch of a hundred queries. */
const MAX_URL_LENGTH = 12_000;

/** tRPC puts the names of a whole batch into one path parameter. */
const MAX_PARAM_LENGTH = 5000;

export async function buildServer(
  services: Services,
  {
    logger,
    secrets = [],
    trustProxy = [],
    corsOrigins = [],
    maxEventLoopLagMs = 0,
    dashboardFolder,
    tracer,
    ...metrics
  }: ServerOptions,
): Promise<FastifyInstance> {
  const { tallies } = metrics;
  const onAnswer: OnAnswer = (answer) => concludeUnrouted(app, tallies, answer);
  const app: FastifyInstance = fastify({
    logger: withoutSecrets(logger, secrets),
    // `observeRequests` writes the lines about requests.
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'request_id',
    }),
    genReqId: ({ headers }) => requestIdOf(headers),
    bodyLimit: bodyLimitOf({ bodyLimit: 'result' } as Parameters<typeof bodyLimitOf>[0], services),
    trustProxy: trusted(trustProxy),
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // Node answers those above a limit with an empty 503, and a bound helps nobody here.
    maxRequestsPerSocket: 0,
    // A wait for the end of a job is silent for up to 55 s.
    connectionTimeout: 0,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      connectionsCheckingInterval: CHECKING_INTERVAL_MS,
      // Node's own answer to a missing Host has no body; `refuseOddRequests` gives one.
      requireHostHeader: false,
      ServerResponse: guardedServerResponse,
    },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    schemaController: NO_COMPILERS,
    // Fastify's own 503 is not in our words: `drainOnClose` answers.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      const ours = knownError(error, 0) ?? unexpected(error);
      void sendError(reply.header(REQUEST_ID_HEADER, request.id), ours);
      onAnswer({ status: ours.httpStatus, requestId: request.id });
    },
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, onAnswer),
  });
  answerExpectations(app.server, onAnswer);
  const sockets = openSockets(app.server);
  closeUnusedConnections(app, sockets);
  cutUntakenAnswers(app, sockets, services.clock);
  answerConnects(app.server, onAnswer);
  app.decorateRequest('principal', null);
  parseJsonBodies(app);
  const bodies = cutSlowBodies(app, services.clock);
  const toJobgateError: ToJobgateError = (error, request, reply) => {
    const ours = inOurWords(error, request);
    // There is no more to be had of one that came too slowly.
    if (reply && ours.code !== 'request_timeout') bodies.readRest(reply);
    return ours;
  };
  app.setErrorHandler((error, request, reply) =>
    sendError(reply, toJobgateError(error, request, reply)),
  );
  // Hooks first: a scope gets those that were there when it was made.
  const mounted: MountedPaths = new Map();
  if (tracer) {
    const { traceRequests } = await import('./trace-requests.ts');
    traceRequests(app, tracer, scrubber(secrets));
  }
  observeRequests(app, services.clock, tallies);
  tellStrictTransport(app);
  allowOrigins(app, corsOrigins);
  drainOnClose(app, sockets);
  shedLoad(app, maxEventLoopLagMs);
  refuseOddRequests(app, services, mounted);
  mountProcedures(app, services, mounted);
  mountJobEvents(app, services, mounted);
  mountHealth(app, services, mounted);
  mountMetrics(app, services, mounted, metrics);
  await mountTrpc(app, services, toJobgateError);
  mountDocument(app, services, mounted);
  mountDashboard(app, dashboardFolder, mounted);
  return app;
}

/** Fastify's `trustProxy`, whose types have no number of hops. */
function trusted(proxies: readonly string[] | number) {
  if (typeof proxies === 'number') return (_address: string, hop: number) => hop < proxies;
  return proxies.length > 0 && [...proxies];
}

/** Before the body is looked at: what has no Host, no route, or too long a URL. */
function refuseOddRequests(app: FastifyInstance, services: Services, mounted: MountedPaths): void {
  app.addHook('onRequest', (request, reply, done) => {
    const fault = headFault(request);
    if (fault || !request.is404) done(fault);
    // oxlint-disable-next-line promise/no-callback-in-promise -- how a hook of Fastify's ends
    else refuseUnrouted(request, reply, services, mounted).catch(done);
  });
}

/** What Node takes for HTTP, although it is none or of another version. */
function headFault({ url, headers, raw }: FastifyRequest): JobgateError | undefined {
  if (url.length > MAX_URL_LENGTH) return new JobgateError('uri_too_long', 'The URL is too long');
  // Others read the path up to the fragment, or do not: a proxy's rule would hold for another path.
  if (url.includes('#')) return new JobgateError('bad_request', 'The URL is not well-formed');
  if (raw.httpVersion === '1.0') return undefined;
  if (raw.httpVersion !== '1.1')
    return new JobgateError('bad_request', 'Only HTTP/1.1 and HTTP/1.0 are spoken here');
  if (headers.host !== undefined) return undefined;
  return new JobgateError('bad_request', 'The Host header is missing');
}

/** Who has no key does not learn which methods a path has. */
async function refuseUnrouted(
  request: FastifyRequest,
  reply: FastifyReply,
  services: Services,
  mounted: MountedPaths,
): Promise<never> {
  const found = findMounted(mounted, request.url.split('?')[0] ?? '');
  if (!found) throw new JobgateError('not_found', 'Not found');
  if (!found.open) await authenticate(services, request, reply);
  throw methodNotAllowed(found.methods);
}

function findMounted(mounted: MountedPaths, path: string) {
  return isTrpcPath(path) ? { methods: TRPC_METHODS, open: false } : mounted.get(path);
}

function mountDocument(
  app: FastifyInstance,
  { buildNumber }: Services,
  mounted: MountedPaths,
): void {
  const document = loadOnce(() => makeDocument(buildNumber));
  app.get('/openapi.json', async (request, reply) => {
    return sendTagged(request, reply, await document());
  });
  mountDocs(app);
  for (const path of ['/openapi.json', '/docs', '/docs/']) {
    mounted.set(path, { methods: ['GET', 'HEAD'], open: true });
  }
}

/** When it is first asked for: loading what makes it takes 90 ms of a start, making it 40. */
async function makeDocument(buildNumber: string): Promise<Asset> {
  const { buildOpenApiDocument } = await import('../procedures/openapi.ts');
  return makeAsset(JSON.stringify(buildOpenApiDocument(buildNumber)), JSON_TYPE);
}

/** What nobody foresaw is masked, and logged with the id of the request. */
function inOurWords(error: unknown, request: FastifyRequest): JobgateError {
  const known = knownError(error, request.routeOptions.bodyLimit ?? 0) ?? unexpected(error);
  if (known.httpStatus >= 500)
    request.log.error({ err: known.details.cause ?? error }, known.message);
  return known;
}

function unexpected(cause: unknown): JobgateError {
  return new JobgateError(
    'internal',
    'Failed to answer the request: an unexpected error, see the log of the gateway',
    { cause },
  );
}
