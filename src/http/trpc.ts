// tRPC over HTTP at /trpc, and its shape for errors that happen before a procedure is reached.
import {
  fastifyTRPCPlugin,
  type CreateFastifyContextOptions,
  type FastifyTRPCPluginOptions,
} from '@trpc/server/adapters/fastify';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { JobgateError } from '../contract/errors.ts';
import { appRouter, type AppRouter } from '../procedures/router.ts';
import { publicDetails, toTrpcError, type Services } from '../procedures/trpc.ts';
import { authenticate, createContext } from './context.ts';
import { errorHeaders, JSON_TYPE } from './errors.ts';

export const TRPC_PREFIX = '/trpc';

/** Turns anything thrown into a JobgateError, and logs what must be. */
type ToJobgateError = (error: unknown, request: CreateFastifyContextOptions['req']) => JobgateError;

export async function mountTrpc(
  app: FastifyInstance,
  services: Services,
  toJobgateError: ToJobgateError,
): Promise<void> {
  await app.register(
    async (scope) => {
      scope.addHook('onRequest', (request) => authenticate(services, request));
      scope.setErrorHandler((error, request, reply) =>
        sendTrpcError(reply, toJobgateError(error, request)),
      );
      await scope.register(fastifyTRPCPlugin, pluginOptions(services, toJobgateError));
    },
    { prefix: TRPC_PREFIX },
  );
}

function pluginOptions(services: Services, toJobgateError: ToJobgateError) {
  return {
    trpcOptions: {
      router: appRouter,
      allowMethodOverride: true,
      createContext: ({ req, res }: CreateFastifyContextOptions) =>
        createContext(services, req, res),
      responseMeta: ({ errors }) => {
        const cause = errors[0]?.cause;
        return cause instanceof JobgateError ? { headers: errorHeaders(cause) } : {};
      },
      onError: ({ error, req }) => void toJobgateError(error.cause ?? error, req),
    },
  } satisfies FastifyTRPCPluginOptions<AppRouter>;
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
