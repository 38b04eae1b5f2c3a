// From an HTTP request to the context of a procedure, and who may have one at all.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../auth/authenticator.ts';
import type { OpenCall } from '../auth/open-calls.ts';
import { JobgateError } from '../contract/errors.ts';
import { hasIt } from './cache-control.ts';
import { rateLimitHeaders } from './errors.ts';
import { failed, unauthorized, type Context, type Services } from '../procedures/trpc.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before anything of the body is read. */
    principal: Principal | null;
  }
}

/**
 * Lets the owner of a good key pass who is not too fast; throws `unauthorized` or `too_many_requests`.
 * `failure` completes "Failed to …".
 */
export async function authenticate(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  failure = 'answer the request',
): Promise<void> {
  try {
    const header = request.headers['x-api-key'];
    const key = typeof header === 'string' ? header : undefined;
    request.principal = (await services.authenticator.authenticate(key, request)) ?? null;
  } catch (error) {
    const isInternal = error instanceof JobgateError && error.code === 'internal';
    throw isInternal ? failed(failure, error.message, error.details.cause) : error;
  }
  if (!request.principal) throw unauthorized();
  const { keyLimit } = services;
  if (!keyLimit) return;
  reply.headers(rateLimitHeaders(keyLimit.count(request.principal.keyId, callsIn(request))));
}

/** A batch over tRPC is as many calls as it names; no other route has a parameter. */
function callsIn({ params }: FastifyRequest): number {
  const { path } = params as { path?: string };
  return path === undefined ? 1 : path.split(',').length;
}

/** The context of one request; a class, so that a call costs one object and no closures. */
export class RequestContext implements Context, OpenCall {
  readonly services: Services;
  readonly principal: Principal;
  readonly startedAt: number;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  #keyListeners: (() => void)[] | undefined;
  /** One for all calls of a batch, so that they do not crowd the reply with listeners. */
  #ending: AbortSignal | undefined;
  hasLostKey = false;

  constructor(services: Services, request: FastifyRequest, reply: FastifyReply) {
    if (!request.principal) throw unauthorized();
    this.services = services;
    this.principal = request.principal;
    this.startedAt = request.startedAt;
    this.#request = request;
    this.#reply = reply;
  }

  signal(isHeld: boolean): AbortSignal {
    this.#request.isHeld ||= isHeld;
    this.#ending ??= this.#untilEnd();
    return this.#ending;
  }

  #untilEnd(): AbortSignal {
    const controller = new AbortController();
    this.whenKeyEnds(() => controller.abort());
    abortWhenGone(controller, this.#reply);
    return controller.signal;
  }

  whenKeyEnds(listener: () => void): void {
    this.#keyListeners ??= this.#enter();
    this.#keyListeners.push(listener);
  }

  #enter(): (() => void)[] {
    const { raw } = this.#reply;
    const leave = this.services.openCalls.enter(this.principal.keyId, this);
    if (raw.destroyed) leave();
    else raw.once('close', leave);
    return [];
  }

  endKey(): void {
    this.hasLostKey = true;
    for (const listener of this.#keyListeners ?? []) listener();
  }

  header(name: string): string | undefined {
    return headerOf(this.#request, name);
  }

  setHeader(name: string, value: string): void {
    this.#reply.header(name, value);
  }

  get knownTags(): string | undefined {
    return isGet(this.#request) ? this.#request.headers['if-none-match'] : undefined;
  }

  setTag(tag: string): boolean {
    if (!isGet(this.#request)) return false;
    this.#reply.header('etag', tag);
    return hasIt(this.#request, tag);
  }
}

/** RFC 9110 defines what a tag does for these only. */
function isGet({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** A call over tRPC: its answer has no tag, and no headers of its own in a batch, which has one head. */
export class TrpcContext extends RequestContext {
  readonly #isBatch: boolean;

  constructor(services: Services, request: FastifyRequest, reply: FastifyReply) {
    super(services, request, reply);
    this.#isBatch = 'batch' in (request.query as object);
  }

  override setHeader(name: string, value: string): void {
    if (!this.#isBatch) super.setHeader(name, value);
  }

  override get knownTags(): undefined {
    return undefined;
  }

  override setTag(): boolean {
    return false;
  }
}

/** The first, where Node has several. */
function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Aborts when the connection closes before the answer was sent. */
function abortWhenGone(controller: AbortController, { raw }: FastifyReply): void {
  const onClose = () => {
    if (!raw.writableFinished) controller.abort();
  };
  if (raw.destroyed) onClose();
  else raw.once('close', onClose);
}
