// Why a handler is told to stop: the reason that its signal is aborted with.

const MESSAGES = {
  cancel_requested: 'The cancellation of this job was requested',
  lease_lost: 'The lease on this job is lost: another worker may have it',
  stopping: 'The worker stops: the job goes back to the queue',
} as const;

export type AbortReason = keyof typeof MESSAGES;

/** `reason` tells a cancelled job from a lost lease and from a worker that stops. */
export class JobAborted extends Error {
  readonly reason: AbortReason;

  constructor(reason: AbortReason) {
    super(MESSAGES[reason]);
    this.name = 'JobAborted';
    this.reason = reason;
  }
}
