// REST: every procedure that has a path becomes a native Fastify route.
import type { AnyProcedure } from '@trpc/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { JsonText } from '../contract/json-text.ts';
import { appRouter } from '../procedures/router.ts';
import { runnerOf } from '../procedures/run-procedure.ts';
import type { Meta, Services } from '../procedures/trpc.ts';
import { authenticate, RequestContext } from './context.ts';
import { JSON_TYPE, malformedBody } from './errors.ts';

/** What surrounds a result in a body of `worker.complete`: its ids and quotes. */
const RESULT_ALLOWANCE_BYTES = 4096;

/** What each mounted path answers to, and whether without a key. */
export type MountedPaths = Map<string, { methods: readonly string[]; open: boolean }>;

export function mountProcedures(
  app: FastifyInstance,
  services: Services,
  mounted: MountedPaths,
): void {
  for (const procedure of Object.values(allProcedures())) {
    // A stream over REST is Server-Sent Events: `sse.ts`.
    if (procedure._def.type === 'subscription') continue;
    const { method, path } = mountProcedure(app, services, procedure);
    const methods = method === 'GET' ? ['GET', 'HEAD'] : [method];
    mounted.set(path, { methods: [...methodsOf(mounted, path), ...methods], open: false });
  }
}

function methodsOf(mounted: MountedPaths, path: string): readonly string[] {
  return mounted.get(path)?.methods ?? [];
}

/** The router keeps them flat, by their dotted names; its types say otherwise. */
function allProcedures(): Record<string, AnyProcedure> {
  return appRouter._def.procedures as unknown as Record<string, AnyProcedure>;
}

function mountProcedure(app: FastifyInstance, services: Services, procedure: AnyProcedure) {
  const run = runnerOf(procedure);
  const meta = procedure._def.meta as Meta;
  const { method, path } = meta.openapi as { method: 'GET' | 'POST'; path: string };
  app.route({
    method,
    url: path,
    bodyLimit: bodyLimitOf(meta, services),
    onRequest: (request) => authenticate(services, request, meta.failure),
    handler: async (request, reply) => {
      const output = await run(new RequestContext(services, request, reply), inputOf(request));
      return sendJson(reply.code(meta.status ?? 200), output);
    },
  });
  return { method, path };
}

export function bodyLimitOf(
  { bodyLimit }: Meta,
  { maxBodyBytes, maxResultBytes }: Services,
): number {
  return bodyLimit === 'result' ? maxResultBytes + RESULT_ALLOWANCE_BYTES : maxBodyBytes;
}

/** A body that is there must be an object; which fields it needs, the procedure says. */
function inputOf(request: FastifyRequest): unknown {
  if (request.method === 'GET') return undefined;
  const { body } = request;
  if (body === undefined || (typeof body === 'object' && body !== null && !Array.isArray(body)))
    return body;
  throw malformedBody('The body must be a JSON object');
}

/** Text that came out of the store as JSON is sent as it is. */
function sendJson(reply: FastifyReply, output: unknown): FastifyReply {
  const text = output instanceof JsonText ? output.text : JSON.stringify(output);
  return reply.type(JSON_TYPE).send(text);
}
