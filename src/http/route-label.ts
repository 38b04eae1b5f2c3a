// The route of a request as metrics and the log name it: never what the caller wrote.
import type { FastifyRequest } from 'fastify';
import { JOB_EVENTS_PATH } from '../procedures/job-watch.ts';
import { appRouter } from '../procedures/router.ts';

/** No route, or not with this method. */
export const UNMATCHED = '(unmatched)';

const TRPC_ROUTE = '/trpc/:path';

const procedures = new Map(
  Object.entries(appRouter._def.procedures as unknown as Record<string, Procedure>).map(
    ([name, { _def }]) => [name, { route: `/trpc/${name}`, type: _def.type }],
  ),
);

interface Procedure {
  _def: { type: string };
}

const STREAMS = new Set([
  JOB_EVENTS_PATH,
  ...[...procedures.values()].flatMap(({ route, type }) => (type === 'subscription' ? route : [])),
]);

/** The path as it was mounted; for tRPC with the procedure's name, or that it was a batch. */
export function routeLabel({ routeOptions, params }: FastifyRequest): string {
  const { url } = routeOptions;
  if (url !== TRPC_ROUTE) return url ?? UNMATCHED;
  const { path } = params as { path: string };
  return procedures.get(path)?.route ?? `/trpc/(${path.includes(',') ? 'batch' : 'unknown'})`;
}

/** Whether its answers last as long as somebody listens. */
export function isStream(route: string): boolean {
  return STREAMS.has(route);
}
