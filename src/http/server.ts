// The HTTP server, built from the services; it never listens by itself.
import fastify, { LogController, type FastifyInstance, type FastifyRequest } from 'fastify';
import { JobgateError } from '../contract/errors.ts';
import type { Services } from '../procedures/trpc.ts';
import { parseJsonBodies } from './body-parser.ts';
import {
  answerBrokenRequest,
  answerConnects,
  answerExpectations,
  type OnAnswer,
} from './broken-requests.ts';
import { keepForAnybody, keepNothing } from './cache-control.ts';
import { authenticate } from './context.ts';
import { mountDocs } from './docs.ts';
import { drainOnClose } from './drain.ts';
import { tagOfText } from './entity-tags.ts';
import { JSON_TYPE, knownError, methodNotAllowed, sendError } from './errors.ts';
import { mountHealth } from './health.ts';
import { mountMetrics, type MetricsOptions } from './metrics.ts';
import { concludeUnrouted, observeRequests } from './observe-requests.ts';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.ts';
import { bodyLimitOf, mountProcedures, type MountedPaths } from './rest.ts';
import { withoutSecrets, type Logger } from './secret-free-log.ts';
import { mountJobEvents } from './sse.ts';
import { isTrpcPath, mountTrpc, TRPC_METHODS } from './trpc.ts';
import { closeUnusedConnections } from './unused-connections.ts';

export interface ServerOptions extends MetricsOptions {
  /** Fastify's `logger` option. */
  logger: Logger;
  /** Texts that no line of the log may hold, besides those that look like keys of ours. */
  secrets?: readonly (string | undefined)[];
}

/** Headers must arrive within this, and with the body within the other, milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;

/** How often Node looks for connections over those; with its default of 30 s they live on. */
const CHECKING_INTERVAL_MS = 1000;

/** Below Node's limit for all headers together, with room for a batch of a hundred queries. */
const MAX_URL_LENGTH = 12_000;

/** tRPC puts the names of a whole batch into one path parameter. */
const MAX_PARAM_LENGTH = 5000;

/** The procedures check with zod. Fastify's own, never used, would take 60 ms of a start to load. */
const NO_COMPILERS = { buildValidator: refuseSchema, buildSerializer: refuseSchema };

function refuseSchema(): never {
  throw new Error('No route has a schema of Fastify: its procedure checks');
}

export async function buildServer(
  services: Services,
  { logger, secrets = [], ...metrics }: ServerOptions,
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
    requestTimeout: REQUEST_TIMEOUT_MS,
    // A wait for the end of a job is silent for up to 55 s.
    connectionTimeout: 0,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECKING_INTERVAL_MS,
      // Node's own answer to a missing Host has no body; `refuseOddRequests` gives one.
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    schemaController: { compilersFactory: NO_COMPILERS },
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
  closeUnusedConnections(app);
  answerConnects(app.server, onAnswer);
  app.decorateRequest('principal', null);
  parseJsonBodies(app);
  const toJobgateError = (error: unknown, request: FastifyRequest) => inOurWords(error, request);
  app.setErrorHandler((error, request, reply) => sendError(reply, toJobgateError(error, request)));
  // Hooks first: a scope gets those that were there when it was made.
  const mounted: MountedPaths = new Map();
  observeRequests(app, services.clock, tallies);
  keepNothing(app);
  drainOnClose(app);
  refuseOddRequests(app, services, mounted);
  mountProcedures(app, services, mounted);
  mountJobEvents(app, services, mounted);
  mountHealth(app, services, mounted);
  mountMetrics(app, services, mounted, metrics);
  await mountTrpc(app, services, toJobgateError);
  mountDocument(app, services, mounted);
  return app;
}

/** Before the body is looked at: what has no Host, no route, or too long a URL. */
function refuseOddRequests(app: FastifyInstance, services: Services, mounted: MountedPaths): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const fault = headFault(request);
    if (fault || !request.is404) done(fault);
    // oxlint-disable-next-line promise/no-callback-in-promise -- how a hook of Fastify's ends
    else refuseUnrouted(request, services, mounted).catch(done);
  });
}

function headFault({ url, headers, raw }: FastifyRequest): JobgateError | undefined {
  if (url.length > MAX_URL_LENGTH) return new JobgateError('uri_too_long', 'The URL is too long');
  if (headers.host !== undefined || raw.httpVersion === '1.0') return undefined;
  return new JobgateError('bad_request', 'The Host header is missing');
}

/** Who has no key does not learn which methods a path has. */
async function refuseUnrouted(
  request: FastifyRequest,
  services: Services,
  mounted: MountedPaths,
): Promise<never> {
  const found = findMounted(mounted, request.url.split('?')[0] ?? '');
  if (!found) throw new JobgateError('not_found', 'Not found');
  if (!found.open) await authenticate(services, request);
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
  let document: ReturnType<typeof makeDocument> | undefined;
  app.get('/openapi.json', async (request, reply) => {
    document ??= makeDocument(buildNumber);
    const { text, tag } = await document;
    if (keepForAnybody(request, reply, tag)) return reply.send();
    return reply.type(JSON_TYPE).send(text);
  });
  mountDocs(app);
  for (const path of ['/openapi.json', '/docs', '/docs/']) {
    mounted.set(path, { methods: ['GET', 'HEAD'], open: true });
  }
}

/** When it is first asked for: loading what makes it takes 90 ms of a start, making it 40. */
async function makeDocument(buildNumber: string): Promise<{ text: string; tag: string }> {
  const { buildOpenApiDocument } = await import('../procedures/openapi.ts');
  const text = JSON.stringify(buildOpenApiDocument(buildNumber));
  return { text, tag: tagOfText(text) };
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
