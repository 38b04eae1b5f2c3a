// REST: every procedure that has a path becomes a native Fastify route.
import type { AnyProcedure } from '@trpc/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { MAX_WAIT_SECONDS } from '../contract/fields.ts';
import { JsonText } from '../contract/json-text.ts';
import { appRouter } from '../procedures/router.ts';
import { NOT_MODIFIED } from '../procedures/polling.ts';
import { runnerOf, type Run } from '../procedures/run-procedure.ts';
import type { Context, Meta, Services } from '../procedures/trpc.ts';
import { keepForCaller } from './cache-control.ts';
import { authenticate, RequestContext } from './context.ts';
import { JSON_TYPE, malformedBody } from './errors.ts';
import { preferredWait } from './prefer.ts';
import { queryReader } from './query-input.ts';

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
    const { path, methods } = mountProcedure(app, services, procedure);
    mounted.set(path, { methods, open: false });
  }
}

/** The router keeps them flat, by their dotted names; its types say otherwise. */
function allProcedures(): Record<string, AnyProcedure> {
  return appRouter._def.procedures as unknown as Record<string, AnyProcedure>;
}

/** Its routes; `methods` are those that its path then has, in the order of `Allow`. */
function mountProcedure(app: FastifyInstance, services: Services, procedure: AnyProcedure) {
  const run = runnerOf(procedure);
  const meta = procedure._def.meta as Meta;
  const { method, path } = meta.openapi as { method: 'GET' | 'POST'; path: string };
  app.route({
    method,
    url: path,
    bodyLimit: bodyLimitOf(meta, services),
    onRequest: (request, reply) => authenticate(services, request, reply, meta.failure),
    handler: async (request, reply) => {
      const ctx = new RequestContext(services, request, reply);
      const output = await runWaiting(run, meta, ctx, inputOf(request));
      return sendJson(reply.code(meta.status ?? 200), output);
    },
  });
  if (meta.alsoGet) mountGet(app, services, procedure);
  const methods = method === 'GET' || meta.alsoGet ? ['GET', 'HEAD'] : [];
  return { path, methods: method === 'POST' ? [...methods, method] : methods };
}

/** The twin of a POST, for clients that keep what they got and ask again with its tag. */
function mountGet(app: FastifyInstance, services: Services, procedure: AnyProcedure): void {
  const run = runnerOf(procedure);
  const { meta, inputs } = procedure._def as unknown as { meta: Meta; inputs: [z.ZodObject] };
  const readQuery = queryReader(inputs[0]);
  app.route<{ Querystring: Record<string, unknown> }>({
    method: 'GET',
    url: meta.openapi?.path ?? '',
    onRequest: (request, reply) => authenticate(services, request, reply, meta.failure),
    handler: async (request, reply) => {
      const ctx = new RequestContext(services, request, reply);
      const output = await runWaiting(run, meta, ctx, readQuery(request.query));
      keepForCaller(reply);
      return output === NOT_MODIFIED ? reply.code(304).send() : sendJson(reply, output);
    },
  });
}

/** `Prefer: wait=N` is `wait_seconds`, where the input has none. */
function runWaiting(run: Run, { waits }: Meta, ctx: Context, input: object | undefined) {
  const prefer = waits && input ? ctx.header('prefer') : undefined;
  return prefer === undefined ? run(ctx, input) : runPreferring(run, ctx, { ...input }, prefer);
}

async function runPreferring(run: Run, ctx: Context, input: object, prefer: string) {
  const wait = 'wait_seconds' in input ? undefined : preferredWait(prefer);
  if (wait === undefined) return run(ctx, input);
  const applied = Math.min(wait, MAX_WAIT_SECONDS);
  const output = await run(ctx, { ...input, wait_seconds: applied });
  ctx.setHeader('preference-applied', `wait=${applied}`);
  return output;
}

export function bodyLimitOf(
  { bodyLimit }: Meta,
  { maxBodyBytes, maxResultBytes }: Services,
): number {
  return bodyLimit === 'result' ? maxResultBytes + RESULT_ALLOWANCE_BYTES : maxBodyBytes;
}

/** A body that is there must be an object; which fields it needs, the procedure says. */
function inputOf(request: FastifyRequest): object | undefined {
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
