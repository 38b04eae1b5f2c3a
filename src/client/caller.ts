// Calls of procedures: bounded in number, equal reads shared, tried again where that is safe.
import type { GatewayError } from './gateway-error.ts';
import type { GatewayHttp } from './gateway-http.ts';
import {
  isRead,
  isRepeatable,
  pathOf,
  type InputOf,
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

/** Of one request, on top of the time for which the gateway may hold its answer back. */
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
      this.#slots.run(() => this.#post<OutputOf<Name>>(name, body, 0, shared));
    const retried = (shared: AbortSignal) =>
      retryUntilAnswered(() => request(shared), {
        signal: shared,
        mayRetry: (error, failures) => this.#mayRetry(name, error, failures),
      });
    const key = isRead(name) ? `${name} ${body}` : `${(this.#count += 1)}`;
    return this.#shared.run(key, retried, signal);
  }

  /** One request that the gateway may hold back, outside of the bound; it is not tried again. */
  wait<Name extends 'job.get' | 'job.status'>(
    name: Name,
    input: InputOf<Name> & { wait_seconds?: number | undefined },
    signal: AbortSignal,
  ): Promise<OutputOf<Name>> {
    const body = JSON.stringify(input);
    const waitMs = (input.wait_seconds ?? 0) * 1000;
    const request = (shared: AbortSignal) => this.#post<OutputOf<Name>>(name, body, waitMs, shared);
    return this.#shared.run(`wait ${name} ${body}`, request, signal);
  }

  async #post<Answer>(
    name: ProcedureName,
    body: string,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<Answer> {
    const timeoutMs = waitMs + TIMEOUT_MS;
    const post = { path: pathOf(name), body, timeoutMs, signal };
    return (await this.#http.post<object>(post)) as Answer;
  }

  #mayRetry(name: ProcedureName, error: GatewayError, failures: number): boolean {
    const { status, retryAfterMs = 0 } = error;
    if (failures >= this.#limits.maxAttempts || retryAfterMs > LONGEST_RETRY_AFTER_MS) return false;
    return error.isPassing && (isRepeatable(name) || REFUSED_UNDONE.includes(status));
  }
}
