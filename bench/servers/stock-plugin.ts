// trpc-to-openapi's own Fastify plugin on our router: the way its manual shows it.
import fastify from 'fastify';
import { fastifyTRPCOpenApiPlugin } from 'trpc-openapi';
import { Authenticator } from '../../src/auth/authenticator.ts';
import { OpenCalls } from '../../src/auth/open-calls.ts';
import { appRouter } from '../../src/procedures/router.ts';
import type { Context, Services } from '../../src/procedures/trpc.ts';
import { EventFeed } from '../../src/queue/event-feed.ts';
import { Queue } from '../../src/queue/queue.ts';
import { AddressGuard } from '../../src/webhooks/address-guard.ts';
import { BUILD_NUMBER, clock, openStore } from '../fill.ts';

const { PORT, DATABASE_PATH = '' } = process.env;
const MIB = 1024 * 1024;

const store = openStore(DATABASE_PATH);
const services: Services = {
  store,
  clock,
  queue: new Queue({ store, clock, maxWaiters: 100, onError: () => {} }),
  feed: new EventFeed(store),
  authenticator: new Authenticator({ store, clock }),
  openCalls: new OpenCalls({ store, clock }),
  addressGuard: new AddressGuard({ allow: [], clock }),
  pid: process.pid,
  buildNumber: BUILD_NUMBER,
  maxQueueLength: 0,
  maxBodyBytes: MIB,
  maxResultBytes: MIB,
};

/** Authenticates as our own routes do, so that the difference is the plugin's. */
async function createContext({
  req,
}: {
  req: { headers: NodeJS.Dict<string | string[]> };
}): Promise<Context> {
  const principal = await services.authenticator.authenticate(String(req.headers['x-api-key']));
  if (!principal) throw new Error('the benchmark sent a key that is not in its file');
  const { signal } = new AbortController();
  return {
    services,
    principal,
    signal: () => signal,
    whenKeyEnds: () => {},
    hasLostKey: false,
    header: () => undefined,
    setHeader: () => {},
    knownTags: undefined,
    setTag: () => false,
    startedAt: clock.monotonic(),
  };
}

const app = fastify();
await app.register(fastifyTRPCOpenApiPlugin, { router: appRouter, createContext });
await app.listen({ host: '127.0.0.1', port: Number(PORT) });
