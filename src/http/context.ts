// From an HTTP request to the context of a procedure, and who may have one at all.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../auth/authenticator.ts';
import { JobgateError } from '../contract/errors.ts';
import { failed, type Context, type Services } from '../procedures/trpc.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before anything of the body is read. */
    principal: Principal | null;
    /** When the request was received, monotonic milliseconds. */
    startedAt: number;
  }
}

/** Lets the owner of a good key pass; throws `unauthorized`. `failure` completes "Failed to …". */
export async function authenticate(
  services: Services,
  request: FastifyRequest,
  failure = 'answer the request',
): Promise<void> {
  request.startedAt = services.clock.monotonic();
  const header = request.headers['x-api-key'];
  const principal = typeof header === 'string' ? await find(services, header, failure) : undefined;
  if (!principal) throw new JobgateError('unauthorized', 'Unauthorized');
  request.principal = principal;
}

async function find({ authenticator }: Services, header: string, failure: string) {
  try {
    return await authenticator.authenticate(header);
  } catch (error) {
    const isInternal = error instanceof JobgateError && error.code === 'internal';
    throw isInternal ? failed(failure, error.message, error.details.cause) : error;
  }
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
    header: (name) => headerOf(request, name),
    setHeader: (name, value) => void reply.header(name, value),
  };
}

/** The first, where Node has several. */
function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
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
