// Cache-Control: what may be kept of an answer, decided here for every path.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isNamed } from './entity-tags.ts';

/** States change, results and keys are secrets, errors pass: nobody keeps these. */
export const NOT_KEPT = { 'cache-control': 'no-store' };

/** Of one caller, and with a tag: its own client may keep it, and asks before it uses it again. */
const KEPT_BY_CALLER = 'private, no-cache';

/** The same for everybody, with a tag. */
const KEPT_BY_ANYBODY = 'no-cache';

/** The same for everybody, for ever: its name changes with its content. */
const KEPT_FOR_GOOD = 'public, max-age=31536000, immutable';

export function keepForGood(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', KEPT_FOR_GOOD);
}

export function keepForCaller(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', KEPT_BY_CALLER);
}

/** Lets anybody keep the answer with this tag. True: the caller has it, and gets 304 without a body. */
export function keepForAnybody(request: FastifyRequest, reply: FastifyReply, tag: string): boolean {
  reply.header('cache-control', KEPT_BY_ANYBODY).header('etag', tag);
  const isKnown = hasIt(request, tag);
  if (isKnown) reply.code(304);
  return isKnown;
}

/** Whether the caller says that it has what this tag stands for. */
export function hasIt({ headers }: FastifyRequest, tag: string): boolean {
  const named = headers['if-none-match'];
  return named !== undefined && isNamed(named, tag);
}
