// Metrics for Prometheus at /metrics: for the holder of METRICS_TOKEN, or of an admin key, only.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hashKey } from '../auth/key-format.ts';
import { JobgateError } from '../contract/errors.ts';
import { allows } from '../contract/scope.ts';
import type { Services } from '../procedures/trpc.ts';
import { authenticate } from './context.ts';
import { loadOnce } from './load-once.ts';
import type { MetricsText } from './metrics-text.ts';
import type { MountedPaths } from './rest.ts';
import type { Tallies } from './tallies.ts';

const PATH = '/metrics';

export interface MetricsOptions {
  tallies: Tallies;
  /** Who sends it as a bearer token needs no key. Default: nobody. */
  metricsToken?: string | undefined;
}

/** Never open, not even to the machine itself: behind a proxy everybody comes from there. */
export function mountMetrics(
  app: FastifyInstance,
  services: Services,
  mounted: MountedPaths,
  { tallies, metricsToken }: MetricsOptions,
): void {
  const tokenHash = metricsToken === undefined ? undefined : hashKey(metricsToken);
  const text = loadOnce(() => loadText(services, tallies));
  app.get(PATH, {
    onRequest: async (request, reply) => {
      const given = bearerOf(request);
      const hasToken =
        tokenHash && given && services.authenticator.isSecret(given, tokenHash, request);
      if (!hasToken) await refuseOthers(services, request, reply);
    },
    handler: async (_request, reply) => {
      const { contentType, write } = await text();
      return reply.type(contentType).send(await write());
    },
  });
  mounted.set(PATH, { methods: ['GET', 'HEAD'], open: false });
}

/** With the first that is asked for: loading the client takes 50 ms of a start. */
async function loadText(services: Services, tallies: Tallies): Promise<MetricsText> {
  const { metricsText } = await import('./metrics-text.ts');
  return metricsText(services, tallies);
}

const bearerOf = ({ headers }: FastifyRequest) =>
  /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];

async function refuseOthers(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  await authenticate(services, request, reply, 'show the metrics');
  if (request.principal && allows(request.principal.scopes, 'admin')) return;
  throw new JobgateError('forbidden', 'This key lacks the scope "admin"');
}
