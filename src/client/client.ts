// The typed client: submits jobs and follows them to their end, in Node, other runtimes and browsers.
import { GatewayClient } from './gateway-client.ts';
import type { JobgateClient, JobgateClientOptions } from './jobgate-client.ts';
import type { FollowTiming } from './job-follower.ts';

export type { CallOptions } from './caller.ts';
export {
  ForbiddenError,
  GatewayError,
  IdempotencyMismatchError,
  IllegalTransitionError,
  InvalidPayloadError,
  JobgateClientError,
  JobNotFoundError,
  LeaseLostError,
  NetworkError,
  PayloadTooLargeError,
  TooManyRequestsError,
  UnauthorizedError,
  UnavailableError,
} from './gateway-error.ts';
export type { JobChange } from './job-change.ts';
export { JobCancelledError, JobFailedError, WaitTimeoutError } from './job-error.ts';
export type {
  DoneJob,
  JobgateClient,
  JobgateClientOptions,
  JobStatusOf,
  StatusOptions,
  SubmitOptions,
  WaitOptions,
} from './jobgate-client.ts';
export type { InputOf, JobOf, OutputOf, ProcedureName } from './procedures.ts';

const TIMING: FollowTiming = {
  startMs: 10_000,
  silenceMs: 45_000,
  pollMs: 1000,
  longestPollMs: 5000,
  briefMs: 1000,
};

/**
 * A client of a gateway. Throws TypeError on options that cannot work.
 *
 *     const jobgate = createJobgateClient({ url: 'http://127.0.0.1:8080', apiKey });
 *     const { job_id } = await jobgate.submit({ endpoint: '/v1/media/cut', payload: { path } });
 *     const { result } = await jobgate.waitFor<Cut>(job_id, { timeout: 600_000 });
 */
export function createJobgateClient(options: JobgateClientOptions): JobgateClient {
  return new GatewayClient(options, TIMING);
}
