// The drain: once the server closes, what is under way is finished, all else is refused, connections end.
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { stopping } from '../contract/errors.ts';

/** Node closes those that are idle once; others become idle only when their answer is out. */
const SWEEP_MS = 50;

/** What is seen by the first hook: its order among the hooks is that of this call. */
export function drainOnClose(app: FastifyInstance, sockets: ReadonlySet<Socket>): void {
  let isStopping = false;
  spareUnfinished(app.server, sockets);
  let sweep: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    isStopping = true;
    sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  });
  app.addHook('onClose', async () => clearInterval(sweep));
  app.addHook('onRequest', (request, reply, done) => {
    if (!isStopping) done();
    else if (wantsEvents(request)) reply.hijack().raw.destroy();
    else done(stopping());
  });
  // A client that is told so does not send its next request on a connection that is about to end.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isStopping) reply.header('connection', 'close');
    done(null, payload);
  });
}

/** Node takes a connection for idle once its answer is made, and cuts off what has not left yet. */
function spareUnfinished(server: FastifyInstance['server'], sockets: ReadonlySet<Socket>): void {
  const closeIdle = server.closeIdleConnections.bind(server);
  // Those that are idle are closed with the next sweep that finds nothing on its way.
  server.closeIdleConnections = () => {
    if (![...sockets].some(({ writableLength }) => writableLength > 0)) closeIdle();
  };
}

/** `EventSource` gives up for good on any status but 200, and comes back when a connection breaks. */
function wantsEvents({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/event-stream') ?? false;
}
