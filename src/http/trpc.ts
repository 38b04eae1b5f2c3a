// tRPC over HTTP at /trpc, and its shape for errors that happen before a procedure is reached.
import type { TRPCError } from '@trpc/server';
import type * as Adapter from '@trpc/server/adapters/fastify';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { JobgateError } from '../contract/errors.ts';
import { appRouter } from '../procedures/router.ts';
import { publicDetails, toTrpcError, type Services } from '../procedures/trpc.ts';
import { parseJson, parseJsonBodies } from './body-parser.ts';
import { authenticate, TrpcContext } from './context.ts';
import { errorHeaders, JSON_TYPE } from './errors.ts';
import { loadOnce } from './load-once.ts';

const TRPC_PREFIX = '/trpc';

export const TRPC_METHODS = ['GET', 'POST'];

/** A procedure's path, or that of a batch of them. */
export function isTrpcPath(path: string): boolean {
  return /^\/trpc\/[^/]*$/.test(path);
}

/** Turns anything thrown into a JobgateError, and logs what must be. */
export type ToJobgateError = (
  error: unknown,
  request: Adapter.CreateFastifyContextOptions['req'],
  /** Of the request that is refused with it. */
  reply?: FastifyReply,
) => JobgateError;

export async function mountTrpc(
  app: FastifyInstance,
  services: Services,
  toJobgateError: ToJobgateError,
): Promise<void> {
  const options = handlerOptions(services, toJobgateError);
  // With the first request: it loads undici, which takes 50 ms of a start.
  const adapter = loadOnce(() => import('@trpc/server/adapters/fastify'));
  await app.register(
    async (scope) => {
      // tRPC parses by itself, but takes what is no JSON for a failure of ours.
      parseJsonBodies(scope, (_value, text) => text);
      scope.addHook('onRequest', (request, reply) => authenticate(services, request, reply));
      scope.setErrorHandler((error, request, reply) =>
        sendTrpcError(reply, toJobgateError(error, request, reply)),
      );
      scope.route<TrpcRoute>({
        method: TRPC_METHODS,
        // Fastify's HEAD cannot measure the `Response` that tRPC sends, and no client asks for it.
        exposeHeadRoute: false,
        url: '/:path',
        handler: async (req, res) => {
          refuseOddHost(req.headers.host);
          if (req.query.input !== undefined) parseJson(req.query.input, 'input');
          const { fastifyRequestHandler } = await adapter();
          await fastifyRequestHandler({ ...options, req, res, path: req.params.path });
          return res;
        },
      });
    },
    { prefix: TRPC_PREFIX },
  );
}

/** tRPC makes a URL of it, and fails as if that were ours to mend. */
function refuseOddHost(host: string | undefined): void {
  if (host === undefined || URL.canParse(`http://${host}`)) return;
  throw new JobgateError('bad_request', 'The Host header is not well-formed');
}

interface TrpcRoute {
  Params: { path: string };
  Querystring: { input?: string };
}

/** All else is the caller's: no such procedure, a mutation in a GET. That is no line in the log. */
const FAILURES: readonly TRPCError['code'][] = ['INTERNAL_SERVER_ERROR', 'SERVICE_UNAVAILABLE'];

function handlerOptions(services: Services, toJobgateError: ToJobgateError) {
  return {
    router: appRouter,
    allowMethodOverride: true,
    createContext: ({ req, res }: Adapter.CreateFastifyContextOptions) =>
      new TrpcContext(services, req, res),
    responseMeta: ({ errors }: { errors: TRPCError[] }) => {
      const cause = errors[0]?.cause;
      return cause instanceof JobgateError ? { headers: errorHeaders(cause) } : {};
    },
    onError: ({ error, req }: { error: TRPCError; req: FastifyRequest }) => {
      if (FAILURES.includes(error.code)) toJobgateError(error.cause ?? error, req);
    },
  };
}

/** What tRPC itself would answer, so that its client makes an error with our code of it. */
function sendTrpcError(reply: FastifyReply, error: JobgateError): FastifyReply {
  const { code, message } = toTrpcError(error);
  const { httpStatus } = error;
  const data = { code, httpStatus, ...publicDetails(error) };
  return reply
    .code(httpStatus)
    .headers(errorHeaders(error))
    .type(JSON_TYPE)
    .send(JSON.stringify({ error: { message, code: TRPC_ERROR_CODES_BY_KEY[code], data } }));
}
