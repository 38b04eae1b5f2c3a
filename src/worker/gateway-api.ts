// The calls a worker makes to its gateway, over HTTP, and how their failures are told apart.
import type { Progress } from '../contract/job.ts';
import { GatewayError } from './gateway-error.ts';
import type { Report } from './report.ts';

export interface GatewayAddress {
  /** Such as `http://127.0.0.1:8080`; a path before `/v1` is kept. */
  url: string;
  apiKey: string;
}

export interface ClaimCall {
  worker_id: string;
  endpoints: string[];
  pid: number;
  max: number;
  lease_seconds: number | undefined;
  wait_seconds: number;
}

/** What proves that a job is this worker's. */
export interface Lease {
  job_id: string;
  lease_token: string;
}

/** A job as `worker.claim` gives it out. */
export interface ClaimedWork extends Lease {
  id: string | null;
  endpoint: string;
  payload: Record<string, unknown>;
  attempt: number;
  max_attempts: number;
  lease_seconds: number;
  heartbeat_seconds: number;
  deadline_at: number;
}

interface Call {
  verb: string;
  body: string;
  timeoutMs: number;
  signal: AbortSignal;
}

/** On top of the time that the gateway may hold a claim back. */
const CLAIM_MARGIN_MS = 15_000;
const HEARTBEAT_TIMEOUT_MS = 10_000;
/** A result may be 64 MiB. */
const REPORT_TIMEOUT_MS = 60_000;

/** Every call rejects with GatewayError. */
export class GatewayApi {
  readonly url: string;
  readonly #apiKey: string;

  constructor({ url, apiKey }: GatewayAddress) {
    this.url = url.replace(/\/+$/, '');
    this.#apiKey = apiKey;
  }

  async claim(call: ClaimCall, signal: AbortSignal): Promise<ClaimedWork[]> {
    const timeoutMs = call.wait_seconds * 1000 + CLAIM_MARGIN_MS;
    const body = JSON.stringify(call);
    const { jobs } = await this.#post<{ jobs?: unknown }>({
      verb: 'claim',
      body,
      timeoutMs,
      signal,
    });
    if (Array.isArray(jobs)) return jobs as ClaimedWork[];
    throw new GatewayError('The gateway answered 200, not as a gateway does', { status: 200 });
  }

  heartbeat(
    { job_id, lease_token }: Lease,
    progress: Progress | undefined,
    signal: AbortSignal,
  ): Promise<{ cancel_requested: boolean }> {
    const body = JSON.stringify({ job_id, lease_token, progress });
    return this.#post({ verb: 'heartbeat', body, timeoutMs: HEARTBEAT_TIMEOUT_MS, signal });
  }

  report(report: Report, signal: AbortSignal): Promise<{ job_status: string }> {
    return this.#post({ ...report, timeoutMs: REPORT_TIMEOUT_MS, signal });
  }

  async #post<Answer extends object>(call: Call): Promise<Answer> {
    const { response, text } = await this.#exchange(call);
    const answer = parse(text);
    if (response.status !== 200 || answer === undefined) throw refusal(response, answer);
    return answer as Answer;
  }

  async #exchange({ verb, body, timeoutMs, signal }: Call) {
    const request = new AbortController();
    const leave = (): void => request.abort();
    const timer = setTimeout(leave, timeoutMs);
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    try {
      const response = await fetch(`${this.url}/v1/toolkit/worker/${verb}`, {
        method: 'POST',
        headers: { 'x-api-key': this.#apiKey, 'content-type': 'application/json' },
        body,
        // A redirect would carry the key to wherever it points.
        redirect: 'manual',
        signal: request.signal,
      });
      // An answer that has begun is read to its end, stop or not: it may hand out jobs.
      signal.removeEventListener('abort', leave);
      return { response, text: await response.text() };
    } catch (error) {
      throw this.#unanswered(error, timeoutMs);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    }
  }

  #unanswered(error: unknown, timeoutMs: number): GatewayError {
    const cause = (error as Error).cause ?? error;
    const { name, code, message } = cause as NodeJS.ErrnoException;
    const late = name === 'AbortError';
    const why = late ? `nothing within ${timeoutMs / 1000} s` : code || message;
    return new GatewayError(`The gateway at ${this.url} does not answer: ${why}`, { cause });
  }
}

/** Undefined unless the text is a JSON object. */
function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function refusal({ status, headers }: Response, answer: object = {}): GatewayError {
  const { error } = answer as { error?: unknown };
  const what =
    typeof error === 'string' ? `${status} ${error}` : `${status}, not as a gateway does`;
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'));
  return new GatewayError(`The gateway answered ${what}`, { status, retryAfterMs });
}

/** Seconds only: the gateway sends no dates. */
function parseRetryAfter(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
