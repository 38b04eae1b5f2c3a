// The drain: once the server closes, what is under way is finished, all else is refused, connections end.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { stopping } from '../contract/errors.ts';

/** Node closes those that are idle once; others become idle only when their answer is out. */
const SWEEP_MS = 50;

/** What is seen by the first hook: its order among the hooks is that of this call. */
export function drainOnClose(app: FastifyInstance): void {
  let isStopping = false;
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

/** `EventSource` gives up for good on any status but 200, and comes back when a connection breaks. */
function wantsEvents({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/event-stream') ?? false;
}
