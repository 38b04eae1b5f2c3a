// The health of the gateway, for what watches over it: alive at /healthz, ready for work at /readyz.
import type { FastifyInstance } from 'fastify';
import { JobgateError } from '../contract/errors.ts';
import type { Services } from '../procedures/trpc.ts';
import { JSON_TYPE } from './errors.ts';
import type { MountedPaths } from './rest.ts';

const ALIVE = JSON.stringify({ status: 'alive' });
const READY = JSON.stringify({ status: 'ready' });

const RETRY_AFTER_SECONDS = 5;

/**
 * Both are open and say nothing else. `/healthz` answers 200 as long as the process does; a gateway
 * whose disk is full must not be restarted for it. `/readyz` answers 503 while new work would be
 * refused: when the store cannot be written, and, like every path, while the gateway stops. It
 * answers nothing before the migrations are done: the gateway listens after them.
 */
export function mountHealth(app: FastifyInstance, { store }: Services, mounted: MountedPaths) {
  app.get('/healthz', (_request, reply) => reply.type(JSON_TYPE).send(ALIVE));
  app.get('/readyz', async (_request, reply) => {
    if (!(await store.isWritable())) throw notReady();
    return reply.type(JSON_TYPE).send(READY);
  });
  for (const path of ['/healthz', '/readyz']) {
    mounted.set(path, { methods: ['GET', 'HEAD'], open: true });
  }
}

function notReady(): JobgateError {
  const message = 'The gateway takes no new work in: its store cannot be written';
  return new JobgateError('unavailable', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
