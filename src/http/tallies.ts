// The tallies: everything that is counted as it happens, in plain numbers, until somebody asks.
import type { JobChange, WebhookFate } from '../store/job-store.ts';
import type { LeaseLoss, StoreObserver } from '../store/store-observer.ts';
import { BoundedLabels } from './bounded-labels.ts';
import { Counts } from './counts.ts';
import { Histogram, SECONDS } from './histogram.ts';

/** Endpoints that have series of their own. */
const MAX_ENDPOINTS = 100;

/** Seconds that jobs wait: from at once to a day. */
const WAIT_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400];

/** Writes that share a commit; 200 at the most. */
const BATCH_SIZES = [1, 2, 5, 10, 20, 50, 100, 200];

/** A request that was answered, or whose caller did not wait for it. */
export interface EndedRequest {
  method: string;
  /** The path as it was mounted. */
  route: string;
  status: number;
}

/** What happened to a job of an endpoint. */
type Change = Pick<JobChange, 'endpoint' | 'kind'>;

/** The requests of one route. */
export class RouteTally {
  readonly counts = new Counts<EndedRequest['method'], EndedRequest['status']>();
  /** Of those that were not held back on purpose. */
  readonly durations = new Histogram(SECONDS);
}

export class Tallies implements StoreObserver {
  readonly endpoints = new BoundedLabels(MAX_ENDPOINTS);
  readonly routes = new Map<string, RouteTally>();
  readonly changes = new Counts<Change['endpoint'], Change['kind']>();
  readonly batchSizes = new Histogram(BATCH_SIZES);
  readonly commits = new Histogram(SECONDS);
  readonly claims = new Histogram(SECONDS);
  readonly waits = new Map<string, Histogram>();
  readonly leasesLost: Record<LeaseLoss, number> = { lapsed: 0, timed_out: 0, cancel_grace: 0 };

  /** Attempts of webhooks, by what became of the delivery; `pending` will be tried again. */
  readonly webhookAttempts: Record<WebhookFate['state'], number> = {
    delivered: 0,
    pending: 0,
    failed: 0,
  };

  /** When the newest good backup was taken, epoch milliseconds; undefined where none are taken. */
  newestBackupAt: number | undefined;

  /** `ms` is how long it took; undefined for one that was held back on purpose. */
  requestEnded(request: EndedRequest, ms: number | undefined): void {
    const { method, route, status } = request;
    let tally = this.routes.get(route);
    if (!tally) this.routes.set(route, (tally = new RouteTally()));
    tally.counts.add(method, status);
    if (ms !== undefined) tally.durations.observe(ms / 1000);
  }

  jobChanged({ endpoint, kind }: Change): void {
    this.changes.add(this.endpoints.of(endpoint), kind);
  }

  committed(writes: number, ms: number): void {
    this.batchSizes.observe(writes);
    this.commits.observe(ms / 1000);
  }

  claimAnswered(ms: number): void {
    this.claims.observe(ms / 1000);
  }

  claimed(endpoint: string, waitedMs: number): void {
    const label = this.endpoints.of(endpoint);
    // The machine's clock may have been set back meanwhile.
    let waits = this.waits.get(label);
    if (!waits) this.waits.set(label, (waits = new Histogram(WAIT_SECONDS)));
    waits.observe(Math.max(waitedMs, 0) / 1000);
  }

  webhookAttempted(state: WebhookFate['state']): void {
    this.webhookAttempts[state] += 1;
  }

  leaseLost(loss: LeaseLoss): void {
    this.leasesLost[loss] += 1;
  }
}
