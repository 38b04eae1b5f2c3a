// The audit table's vocabulary: what is noted of who did what.

/** Named after the procedures that do it; a job of `jobs.cancel` is noted as of `job.cancel`. */
export const AUDIT_ACTIONS = [
  'job.submit',
  'job.cancel',
  'job.retry',
  'job.delete',
  'keys.create',
  'keys.rotate',
  'keys.revoke',
  'webhook.secret',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export interface AuditEntry {
  /** Rises with time. */
  seq: number;
  /** Of what was acted on. */
  tenant: string;
  /** Epoch milliseconds. */
  at: number;
  /** Who did it: `env` for the key in API_KEY, `cli` for a command on the file, `start` for a start. */
  keyId: string;
  action: AuditAction;
  /** Id of the job or of the key; the tenant, for its webhook secret. */
  target: string;
  /** What the action's own name does not say. */
  detail: Record<string, unknown> | null;
}
