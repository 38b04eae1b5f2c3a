// What leaves the package: the router's type, the contract, and the worker.
export type { AppRouter } from './procedures/router.ts';
export {
  ATTEMPT_OUTCOMES,
  CANCELLED_CODE,
  canTransition,
  hasEnded,
  JOB_STATUSES,
  TRANSITIONS,
  type AttemptOutcome,
  type JobStatus,
  type Progress,
} from './contract/job.ts';
export { HTTP_STATUS, TRPC_CODE, type ErrorCode, type Issue } from './contract/errors.ts';
export { allows, SCOPES, type Scope } from './contract/scope.ts';
export { jobView, type JobView } from './contract/job-view.ts';
export {
  envelopeSchema,
  resultEnvelope,
  statusEnvelope,
  statusResponse,
  type ResultEnvelope,
  type StatusEnvelope,
  type StatusResponse,
} from './contract/status.ts';
export {
  createWorker,
  GatewayError,
  JobAborted,
  JobFailure,
  type Handlers,
  type Worker,
  type WorkerContext,
  type WorkerJob,
  type WorkerOptions,
} from './worker/worker.ts';
