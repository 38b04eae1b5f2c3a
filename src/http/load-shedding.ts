// Load shedding: what is refused while the event loop lags, so that the rest is answered in time.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { JobgateError } from '../contract/errors.ts';

/** How often the loop is looked at, and over how long a time its lag is judged, milliseconds. */
const RESOLUTION_MS = 20;
const PERIOD_MS = 1000;

const RETRY_AFTER_SECONDS = 2;

/** By how many times the limit the loop must lag before they are refused, too. */
const CLAIMS_FACTOR = 2;
const LAST_FACTOR = 4;

const CLAIMS = new Set(['worker.claim']);

/** What is asked about jobs that are there, and what workers say of those they have. */
const LAST_TO_GO = new Set([
  'job.status',
  'job.get',
  'job.events',
  'job.watch',
  'jobs.status',
  'jobs.watch',
  'worker.heartbeat',
  'worker.progress',
  'worker.complete',
  'worker.fail',
  'worker.release',
]);

/** What watches over the gateway must see it. */
const NEVER = /^\/(healthz|readyz|metrics)$/;

/** How late the event loop is, milliseconds: the median of the last second, so one long turn is no lag. */
export class LoopLag {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer = setInterval(() => this.#judge(), PERIOD_MS).unref();
  ms = 0;

  constructor() {
    this.#delays.enable();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delays.disable();
  }

  #judge(): void {
    // What is recorded is how long a turn took, which includes the resolution.
    this.ms = Math.max(this.#delays.percentile(50) / 1e6 - RESOLUTION_MS, 0);
    this.#delays.reset();
  }
}

/**
 * Refuses with 503 while the loop lags by more than `limitMs`: first new jobs, lists and the
 * management of keys, at twice that claims, at four times that all else. 0 for never.
 */
export function shedLoad(app: FastifyInstance, limitMs: number): void {
  if (limitMs === 0) return;
  const lag = new LoopLag();
  app.addHook('onClose', async () => lag.stop());
  app.addHook('onRequest', (request, _reply, done) => {
    if (lag.ms <= limitMs) done();
    else done(lag.ms > limitMs * factorOf(request) ? overloaded() : undefined);
  });
}

/** Of a batch over tRPC, the least: its calls are answered together. */
function factorOf({ url }: FastifyRequest): number {
  const path = url.split('?')[0] ?? '';
  if (NEVER.test(path)) return Number.POSITIVE_INFINITY;
  return Math.min(...namesIn(path).map(factorOfName));
}

/** `/v1/toolkit/job/status` is `job.status`, `/trpc/job.status,job.get` both of them. */
function namesIn(path: string): string[] {
  if (!path.startsWith('/trpc/')) return [path.replace('/v1/toolkit/', '').replace('/', '.')];
  return path.slice('/trpc/'.length).replaceAll(/%2c/gi, ',').split(',');
}

function factorOfName(name: string): number {
  if (LAST_TO_GO.has(name)) return LAST_FACTOR;
  return CLAIMS.has(name) ? CLAIMS_FACTOR : 1;
}

function overloaded(): JobgateError {
  const retryAfterSeconds = RETRY_AFTER_SECONDS;
  const message = `The gateway is overloaded: try again in ${retryAfterSeconds} s`;
  return new JobgateError('unavailable', message, { retryAfterSeconds });
}
