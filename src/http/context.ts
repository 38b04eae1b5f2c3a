// From an HTTP request to the context of a procedure, and who may have one at all.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../auth/authenticator.ts';
import { JobgateError } from '../contract/errors.ts';
import type { Context, Services } from '../procedures/trpc.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before anything of the body is read. */
    principal: Principal | null;
    /** When the request was received, monotonic milliseconds. */
    startedAt: number;
  }
}

/** Lets the owner of a good key pass; throws `unauthorized`. */
export async function authenticate({ authenticator, clock }: Services, request: FastifyRequest) {
  request.startedAt = clock.monotonic();
  const header = request.headers['x-api-key'];
  const principal =
    typeof header === 'string' ? await authenticator.authenticate(header) : undefined;
  if (!principal) throw new JobgateError('unauthorized', 'Unauthorized');
  request.principal = principal;
}

export function createContext(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Context {
  const { principal, startedAt } = request;
  if (!principal) throw new JobgateError('unauthorized', 'Unauthorized');
  return {
    services,
    principal,
    startedAt,
    signal: () => goneSignal(reply),
    setHeader: (name, value) => void reply.header(name, value),
  };
}

/** Aborted when the connection closes before the answer was sent. */
function goneSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const onClose = () => {
    if (!raw.writableFinished) controller.abort();
  };
  if (raw.destroyed) onClose();
  else raw.once('close', onClose);
  return controller.signal;
}
