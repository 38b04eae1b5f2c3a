// The webhook: what is sent when a job ends, to whom, and what became of every attempt.
import type { JobEnd, JobStatus } from './job.ts';

/** `failed` is over until it is asked for again; `pending` is tried when its time comes. */
export const WEBHOOK_STATES = ['pending', 'delivered', 'failed'] as const;

export type WebhookState = (typeof WEBHOOK_STATES)[number];

/** Why a delivery failed: no attempt is left, or the receiver answered 410. */
export const WEBHOOK_FAILURES = ['exhausted', 'gone'] as const;

export type WebhookFailure = (typeof WEBHOOK_FAILURES)[number];

/** The states a job is in when its webhook is sent. */
export const END_STATUSES = ['done', 'failed', 'cancelled'] as const satisfies JobStatus[];

export type EndStatus = (typeof END_STATUSES)[number];

/** One request to the receiver, and its answer. */
export interface WebhookAttempt {
  at: number;
  /** The HTTP status; null when there was no answer. */
  status: number | null;
  /** Why there was none, or why the answer does not count, in a sentence for people. */
  error: string | null;
  durationMs: number;
  /** First bytes of the answer. */
  excerpt: string | null;
}

/** One end of one job, told to one address. */
export interface WebhookDelivery {
  /** Sent as `webhook-id`, the same with every attempt. */
  deliveryId: string;
  jobId: string;
  /** How the job ended; a retry by request may have come after it. */
  jobStatus: EndStatus;
  url: string;
  state: WebhookState;
  /** Null unless failed. */
  reason: WebhookFailure | null;
  /** Oldest first; the latest `MAX_KEPT_ATTEMPTS`. */
  attempts: NumberedAttempt[];
  /** Null unless pending. */
  nextAttemptAt: number | null;
  createdAt: number;
  /** Null while pending. */
  endedAt: number | null;
}

export interface NumberedAttempt extends WebhookAttempt {
  /** From 1. */
  attempt: number;
}

/** Attempts kept of one delivery: more than the schedule has, so that it is asked-for ones that go. */
export const MAX_KEPT_ATTEMPTS = 50;

/** What a delivery's body is made of: frozen when the job ended. */
export interface WebhookMessage {
  jobId: string;
  /** The caller's own id. */
  id: string | null;
  endpoint: string;
  end: JobEnd;
}

/** One of a tenant's signing secrets. */
export interface WebhookSecret {
  /** `whsec_` and base64. */
  secret: string;
  createdAt: number;
  /** Null for the newest; the one before it signs too until then. */
  expiresAt: number | null;
}
