// What every procedure is made from: its context, its metadata, the scope check, the error formatter.
import { initTRPC, TRPCError } from '@trpc/server';
import type { OpenApiMeta } from 'trpc-openapi';
import { z } from 'zod';
import type { Authenticator, Principal } from '../auth/authenticator.ts';
import type { OpenCalls } from '../auth/open-calls.ts';
import type { RateLimiter } from '../auth/rate-limits.ts';
import type { Clock } from '../contract/clock.ts';
import { invalidPayload, JobgateError, TRPC_CODE, type ErrorCode } from '../contract/errors.ts';
import { allows, type Scope } from '../contract/scope.ts';
import type { EventFeed } from '../queue/event-feed.ts';
import type { Queue } from '../queue/queue.ts';
import type { JobStore } from '../store/job-store.ts';
import type { AddressGuard } from '../webhooks/address-guard.ts';
import { toIssues } from './issues.ts';

/** What the gateway is made of, for procedures. */
export interface Services {
  store: JobStore;
  queue: Queue;
  feed: EventFeed;
  authenticator: Authenticator;
  openCalls: OpenCalls;
  /** How fast one key may ask; undefined for no limit. */
  keyLimit?: RateLimiter | undefined;
  addressGuard: AddressGuard;
  clock: Clock;
  /** The gateway's process id and version. */
  pid: number;
  buildNumber: string;
  /** 0 for no limit. */
  maxQueueLength: number;
  maxBodyBytes: number;
  maxResultBytes: number;
}

/** One call of a procedure. */
export interface Context {
  services: Services;
  principal: Principal;
  /**
   * Aborted when the caller goes away or its key ends. Made when asked for: most calls never wait.
   * `isHeld` says that this one does, and its time is then not taken for the gateway's.
   */
  signal(isHeld: boolean): AbortSignal;
  /** Tells the listener when the key is revoked or expires while the call is open. */
  whenKeyEnds(listener: () => void): void;
  /** Whether that has happened; known of calls only that asked for one of these two. */
  readonly hasLostKey: boolean;
  /** A header of the request, by its name in lower case. */
  header(name: string): string | undefined;
  /** Sets a header of the answer; does nothing in a batch over tRPC, whose answers share one head. */
  setHeader(name: string, value: string): void;
  /** The entity tags of what the caller has (If-None-Match); only where the answer may be kept: a GET over REST. */
  readonly knownTags: string | undefined;
  /** Says the answer's entity tag, where it may be kept. True: the caller has it, `NOT_MODIFIED` will do. */
  setTag(tag: string): boolean;
  /** When the call began, monotonic milliseconds. */
  startedAt: number;
}

export interface Meta extends OpenApiMeta {
  /** What the key must be allowed to do; `any` for any valid key. */
  scope: Scope | 'any';
  /** Completes "Failed to …" in a 500. */
  failure: string;
  /** Served by GET too, with its input in the query, and its answer may be kept. Default false. */
  alsoGet?: boolean;
  /** Has `wait_seconds`, which over REST may also be said as `Prefer: wait=N`. Default false. */
  waits?: boolean;
  /** Answered on success. Default 200. */
  status?: 200 | 202;
  /** Errors of its own, besides those that any procedure may answer. */
  errors?: readonly ErrorCode[];
  /** What bounds its body: MAX_BODY_BYTES, or MAX_RESULT_BYTES for `result`. Default `body`. */
  bodyLimit?: 'body' | 'result';
}

/** Below the 60 s after which common proxies cut a silent connection. */
export const KEEP_ALIVE_MS = 15_000;

/** A tRPC client that hears nothing for three of those takes its connection for dead. */
const SILENCE_MS = 3 * KEEP_ALIVE_MS;

const t = initTRPC
  .context<Context>()
  .meta<Meta>()
  .create({
    defaultMeta: undefined as unknown as Meta,
    sse: {
      ping: { enabled: true, intervalMs: KEEP_ALIVE_MS },
      client: { reconnectAfterInactivityMs: SILENCE_MS },
    },
    errorFormatter: ({ shape, error }) => {
      const { code, httpStatus } = shape.data;
      const cause = error.cause instanceof JobgateError ? error.cause : undefined;
      return { ...shape, data: { code, httpStatus, ...publicDetails(cause) } };
    },
  });

export const router = t.router;

/** Every procedure begins here: the scope is checked before the input is looked at. */
export const procedure = t.procedure.use(async ({ ctx, meta, next }) => {
  const { scope, failure } = meta as Meta;
  try {
    refuseScope(ctx, scope);
  } catch (error) {
    throw toTrpcError(error as JobgateError);
  }
  const result = await next();
  if (ctx.hasLostKey) throw toTrpcError(unauthorized());
  if (!result.ok) throw toTrpcError(toPublicError(result.error.cause ?? result.error, failure));
  return result;
});

/**
 * Types and documents an answer without checking it at run time: it comes out of our own store,
 * and the check costs a third of a status read. The tests hold every answer to the document.
 */
export function answers<S extends z.ZodType>(schema: S): S {
  const known = unchecked.get(schema);
  if (known) return known as S;
  const pass = (value: unknown) => value;
  const passing = Object.assign(Object.create(schema) as S, { parse: pass, parseAsync: pass });
  // What the document says of a schema is registered by object.
  z.globalRegistry.add(passing, schema.meta() ?? {});
  unchecked.set(schema, passing);
  return passing;
}

/** One for each schema: the document refuses two of the same id. */
const unchecked = new WeakMap<z.ZodType, z.ZodType>();

/** What an error says to a tRPC client besides its message. */
export function publicDetails(error: JobgateError | undefined) {
  if (!error) return {};
  const { issues, jobId, jobStatus, retryAfterSeconds } = error.details;
  return {
    reason: error.code,
    ...(issues && { issues }),
    ...(jobId && { job_id: jobId }),
    ...(jobStatus && { job_status: jobStatus }),
    ...(retryAfterSeconds && { retry_after_seconds: retryAfterSeconds }),
  };
}

export function toTrpcError(error: JobgateError): TRPCError {
  return new TRPCError({ code: TRPC_CODE[error.code], message: error.message, cause: error });
}

export function unauthorized(): JobgateError {
  return new JobgateError('unauthorized', 'Unauthorized');
}

/** Throws `forbidden`. */
export function refuseScope({ principal }: Context, scope: Meta['scope']): void {
  if (scope === 'any' || allows(principal.scopes, scope)) return;
  throw new JobgateError('forbidden', `This key lacks the scope "${scope}"`);
}

/** What the caller is told of anything that a procedure threw. */
export function toPublicError(error: unknown, failure: string): JobgateError {
  if (error instanceof z.ZodError) return invalidPayload(toIssues(error));
  if (error instanceof JobgateError) {
    if (error.code !== 'internal') return error;
    return failed(failure, error.message, error.details.cause);
  }
  // tRPC's own complaint about a batch that is not one.
  if (error instanceof TRPCError && error.code === 'BAD_REQUEST') {
    return new JobgateError('bad_request', NOT_WELL_FORMED);
  }
  return failed(failure, 'an unexpected error, see the log of the gateway', error);
}

const NOT_WELL_FORMED = 'The input is not well-formed';

/** A masked 500; `reason` is a sentence for the public. */
export function failed(failure: string, reason: string, cause: unknown): JobgateError {
  return new JobgateError('internal', `Failed to ${failure}: ${reason}`, { cause });
}
