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
    const body = JSON.stringify(input ?? {});
    const request = (shared: AbortSignal) =>
      this.#slots.run(() => this.#post<OutputOf<Name>>(name, body, TIMEOUT_MS, shared));
    const answered = async (shared: AbortSignal) => {
      const mayRetry = (error: GatewayError, failures: number) =>
        this.#mayRetry(name, error, failures);
      const retried = retryUntilAnswered(() => request(shared), { signal: shared, mayRetry });
      return (await retried).answer;
    };
    const key = isRead(name) ? `${name} ${body}` : `${(this.#count += 1)}`;
    return this.#shared.run(key, answered, signal);
  }

  /**
   * One look at a job, not tried again, with when to look next. What the gateway may hold back is
   * outside of the bound: it would leave no room for the rest.
   */
  look(
    input: InputOf<'job.get'>,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<Answered<JobOf>> {
    const body = JSON.stringify({ ...input, wait_seconds: waitSeconds || undefined });
    const timeoutMs = TIMEOUT_MS + waitSeconds * 1000;
    const request = (shared: AbortSignal) => this.#post<JobOf>('job.get', body, timeoutMs, shared);
    const bounded = (shared: AbortSignal) => this.#slots.run(() => request(shared));
    return this.#shared.run(`look ${body}`, waitSeconds > 0 ? request : bounded, signal);
  }

  #post<Answer>(
    name: ProcedureName,
    body: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Answered<Answer>> {
    return this.#http.post<Answer>({ path: pathOf(name), body, timeoutMs, signal });
  }

  #mayRetry(name: ProcedureName, error: GatewayError, failures: number): boolean {
    const { status, retryAfterMs = 0 } = error;
    if (failures >= this.#limits.maxAttempts || retryAfterMs > LONGEST_RETRY_AFTER_MS) return false;
    return error.isPassing && (isRepeatable(name) || REFUSED_UNDONE.includes(status));
  }
}
