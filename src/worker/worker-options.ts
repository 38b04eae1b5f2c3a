// What a worker is made with: checked once, with a clear complaint, before anything runs.
import { hostname } from 'node:os';
import { randomBytes } from 'node:crypto';
import { checkAddress } from '../client/gateway-http.ts';
import type { Handlers } from './handler.ts';
import type { OnWorkerEvent } from './worker-event.ts';

export interface WorkerOptions {
  /** The gateway's address, such as `http://127.0.0.1:8080`. */
  url: string;
  /** A key with the scope `work`. */
  apiKey: string;
  /** What to do for each endpoint; only these endpoints are claimed. */
  handlers: Handlers;
  /** Jobs at the same time, 1 to 100. Default: 1. */
  concurrency?: number | undefined;
  /** How this worker is named in the gateway. Default: host name, process id and a random part. */
  workerId?: string | undefined;
  /** How long a job stays this worker's without a heartbeat, 5 to 3600. Default: the gateway's, 30. */
  leaseSeconds?: number | undefined;
  /** What handlers get to finish when the worker stops, before their jobs go back. Default: 5. */
  stopGraceSeconds?: number | undefined;
  /** Told of everything that happens, for a log. Default: nothing. */
  onEvent?: OnWorkerEvent | undefined;
}

/** The most that one claim may take. */
const MAX_CONCURRENCY = 100;
const DEFAULT_STOP_GRACE_SECONDS = 5;

/** The options with their defaults. Throws TypeError, never showing the key. */
export function checkOptions(options: WorkerOptions) {
  const { url, apiKey, handlers, leaseSeconds } = options;
  const concurrency = options.concurrency ?? 1;
  const stopGraceSeconds = options.stopGraceSeconds ?? DEFAULT_STOP_GRACE_SECONDS;
  checkAddress(options);
  assertHandlers(handlers);
  assertWhole('concurrency', concurrency, 1, MAX_CONCURRENCY);
  if (leaseSeconds !== undefined) assertWhole('leaseSeconds', leaseSeconds, 5, 3600);
  assert(stopGraceSeconds >= 0, 'stopGraceSeconds must be 0 or more');
  return {
    url,
    apiKey,
    handlers: { ...handlers },
    concurrency,
    leaseSeconds,
    stopGraceMs: stopGraceSeconds * 1000,
    workerId: options.workerId ?? `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`,
    emit: quietly(options.onEvent),
  };
}

function assertHandlers(handlers: Handlers): void {
  const endpoints = Object.keys(handlers);
  assert(endpoints.length > 0, 'handlers must have at least one endpoint');
  for (const endpoint of endpoints) {
    assert(
      endpoint.startsWith('/'),
      `handlers: "${endpoint}" must be a path such as /v1/media/cut`,
    );
    assert(typeof handlers[endpoint] === 'function', `handlers: "${endpoint}" is not a function`);
  }
}

function assertWhole(name: string, value: number, min: number, max: number): void {
  const fits = Number.isInteger(value) && value >= min && value <= max;
  assert(fits, `${name} must be a whole number from ${min} to ${max}`);
}

function assert(condition: boolean, complaint: string): void {
  if (!condition) throw new TypeError(complaint);
}

/** A log that fails must not cost a job. */
function quietly(onEvent: OnWorkerEvent | undefined): OnWorkerEvent {
  return (event) => {
    try {
      onEvent?.(event);
    } catch {
      // There is nobody left to tell.
    }
  };
}
