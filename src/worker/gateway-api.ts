// The calls a worker makes to its gateway.
import { GatewayError } from '../client/gateway-error.ts';
import { GatewayHttp, type GatewayAddress } from '../client/gateway-http.ts';
import type { Progress } from '../contract/job.ts';
import type { Report } from './report.ts';

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

/** On top of the time that the gateway may hold a claim back. */
const CLAIM_MARGIN_MS = 15_000;
const HEARTBEAT_TIMEOUT_MS = 10_000;
/** A result may be 64 MiB. */
const REPORT_TIMEOUT_MS = 60_000;

/** Every call rejects with GatewayError. */
export class GatewayApi {
  readonly #http: GatewayHttp;

  constructor(address: GatewayAddress) {
    this.#http = new GatewayHttp(address);
  }

  get url(): string {
    return this.#http.url;
  }

  async claim(call: ClaimCall, signal: AbortSignal): Promise<ClaimedWork[]> {
    const timeoutMs = call.wait_seconds * 1000 + CLAIM_MARGIN_MS;
    const body = JSON.stringify(call);
    const post = { path: 'worker/claim', body, timeoutMs, signal };
    const { answer } = await this.#http.post<{ jobs?: unknown }>(post);
    if (Array.isArray(answer.jobs)) return answer.jobs as ClaimedWork[];
    throw new GatewayError('The gateway answered 200, not as a gateway does', { status: 200 });
  }

  async heartbeat(
    { job_id, lease_token }: Lease,
    progress: Progress | undefined,
    signal: AbortSignal,
  ): Promise<{ cancel_requested: boolean }> {
    const body = JSON.stringify({ job_id, lease_token, progress });
    const post = { path: 'worker/heartbeat', body, timeoutMs: HEARTBEAT_TIMEOUT_MS, signal };
    return (await this.#http.post<{ cancel_requested: boolean }>(post)).answer;
  }

  async report({ verb, body }: Report, signal: AbortSignal): Promise<{ job_status: string }> {
    const post = { path: `worker/${verb}`, body, timeoutMs: REPORT_TIMEOUT_MS, signal };
    return (await this.#http.post<{ job_status: string }>(post)).answer;
  }
}
