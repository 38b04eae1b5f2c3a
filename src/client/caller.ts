// Calls of procedures: bounded in number, equal reads shared, tried again where that is safe.
import type { GatewayError } from './gateway-error.ts';
import type { Answered, GatewayHttp } from './gateway-http.ts';
import {
  isRead,
  isRepeatable,
  pathOf,
  type InputOf,
  type JobOf,
  type OutputOf,
  type ProcedureName,
} from './procedures.ts';
import { retryUntilAnswered } from './retry.ts';
import { SharedCalls } from './shared-calls.ts';
import { Slots } from './slots.ts';

export interface CallOptions {
  /** Ends the call with the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface CallLimits {
  maxAttempts: number;
  maxRequests: number;
}

/** Of one request; on top of the time for which the gateway may hold its answer back. */
const TIMEOUT_MS = 30_000;

/** A gateway that asks for more is not waited for: the caller gets to know. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** Refused before anything was done. */
const REFUSED_UNDONE: readonly (number | undefined)[] = [429, 503];

export class Caller {
  readonly #http: GatewayHttp;
  readonly #limits: CallLimits;
  readonly #shared = new SharedCalls();
  readonly #slots: Slots;
  #count = 0;

  constructor(http: GatewayHttp, limits: CallLimits) {
    this.#http = http;
    this.#limits = limits;
    this.#slots = new Slots(limits.maxRequests);
  }

  /** Rejects with GatewayError, or with the signal's reason. */
  call<Name extends ProcedureName>(
    name: Name,
    input: InputOf<Name>,
    { signal }: CallOptions = {},
  ): Promise<OutputOf<Name>> {
    const { wait_seconds } = (input ?? {}) as { wait_seconds?: number };
    const post = { name, body: JSON.stringify(input ?? {}), waitSeconds: wait_seconds ?? 0 };
    const answered = async (shared: AbortSignal) => {
      const mayRetry = (error: GatewayError, failures: number) =>
        this.#mayRetry(name, error, failures);
      const request = () => this.#request<OutputOf<Name>>(post, shared);
      return (await retryUntilAnswered(request, { signal: shared, mayRetry })).answer;
    };
    const key = isRead(name) ? `${name} ${post.body}` : `${(this.#count += 1)}`;
    return this.#shared.run(key, answered, signal);
  }

  /** One look at a job, not tried again, with when to look next. */
  look(input: InputOf<'job.get'>, signal: AbortSignal): Promise<Answered<JobOf>> {
    const body = JSON.stringify(input);
    const post = { name: 'job.get' as const, body, waitSeconds: input.wait_seconds ?? 0 };
    const request = (shared: AbortSignal) => this.#request<JobOf>(post, shared);
    return this.#shared.run(`look ${body}`, request, signal);
  }

  /** What the gateway may hold back is outside of the bound: it would leave no room for the rest. */
  #request<Answer>(
    { name, body, waitSeconds }: { name: ProcedureName; body: string; waitSeconds: number },
    signal: AbortSignal,
  ): Promise<Answered<Answer>> {
    const timeoutMs = TIMEOUT_MS + waitSeconds * 1000;
    const request = () => this.#http.post<Answer>({ path: pathOf(name), body, timeoutMs, signal });
    return waitSeconds > 0 ? request() : this.#slots.run(request);
  }

  #mayRetry(name: ProcedureName, error: GatewayError, failures: number): boolean {
    const { status, retryAfterMs = 0 } = error;
    if (failures >= this.#limits.maxAttempts || retryAfterMs > LONGEST_RETRY_AFTER_MS) return false;
    return error.isPassing && (isRepeatable(name) || REFUSED_UNDONE.includes(status));
  }
}
