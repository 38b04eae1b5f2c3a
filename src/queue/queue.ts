// The queue as the procedures see it: reads that can wait for a change, claims that can wait for work.
import type { Clock } from '../contract/clock.ts';
import { stopping } from '../contract/errors.ts';
import { hasEnded, type JobState } from '../contract/job.ts';
import type { ClaimedJob, ClaimRequest, JobChange, JobRef, JobStore } from '../store/job-store.ts';
import { Maintenance, type MaintenanceOptions } from './maintenance.ts';
import { findPlace, type Place, type Placed } from './place.ts';
import { retryAfterSeconds, type Paced } from './retry-after.ts';
import { Waiters } from './waiters.ts';

export interface QueueOptions extends MaintenanceOptions {
  /** How many callers may wait at once, for a job or for work. */
  maxWaiters: number;
}

/** What is waited for: the end of a job, or a version other than the one that is known. */
type Awaited = 'end' | number;

export class Queue {
  readonly #store: JobStore;
  readonly #clock: Clock;
  readonly #waiters: Waiters;
  readonly #maintenance: Maintenance;
  #unsubscribe: () => void = () => {};
  #isStopping = false;

  constructor({ maxWaiters, ...options }: QueueOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#waiters = new Waiters(options.clock, maxWaiters);
    this.#maintenance = new Maintenance(options);
  }

  /** How many callers wait now, for a job or for work. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Begins to tell waiters of changes, and the maintenance. */
  start(): void {
    this.#unsubscribe = this.#store.onChange((change) => this.#wakeFor(change));
    this.#maintenance.start();
  }

  /**
   * Answers all waiters with what is true now, hands no more work out, and lets the maintenance
   * finish its step.
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#unsubscribe();
    this.#waiters.stop();
    await this.#maintenance.stop();
  }

  /**
   * The job's state; with `waitSeconds`, held back until the job has ended or the time is up.
   * Undefined when there is no such job. Throws `too_many_requests` when too many wait.
   */
  findState(ref: JobRef, waitSeconds: number, signal?: AbortSignal): Promise<JobState | undefined> {
    if (waitSeconds === 0) return this.#store.findState(ref);
    return this.#hold(ref, 'end', waitSeconds, signal);
  }

  /**
   * The job's state, held back until its version is another than `version` (undefined: than now) or
   * the time is up. Undefined and throws as `findState`.
   */
  async findChanged(
    ref: JobRef,
    version: number | undefined,
    waitSeconds: number,
    signal?: AbortSignal,
  ): Promise<JobState | undefined> {
    const known = version ?? (await this.#store.findState(ref))?.version;
    return known === undefined ? undefined : this.#hold(ref, known, waitSeconds, signal);
  }

  async #hold(
    ref: JobRef,
    awaited: Awaited,
    waitSeconds: number,
    signal: AbortSignal | undefined,
  ): Promise<JobState | undefined> {
    let found = await this.#findNow(ref, awaited);
    if (found) return found.state;
    const key = awaited === 'end' ? endKey(ref) : changeKey(ref);
    const parked = this.#waiters.park([key], waitSeconds * 1000, signal);
    // Read again once parked: it may have happened just before.
    try {
      found = await this.#findNow(ref, awaited);
      if (found) return found.state;
      await parked.wakeup;
      return await this.#store.findState(ref);
    } finally {
      parked.leave();
    }
  }

  /** Undefined as long as there is to wait. Apart, so that who waits holds no state in memory. */
  async #findNow(
    ref: JobRef,
    awaited: Awaited,
  ): Promise<{ state: JobState | undefined } | undefined> {
    const state = await this.#store.findState(ref);
    if (!state) return { state };
    const isThere = awaited === 'end' ? hasEnded(state.status) : state.version !== awaited;
    return isThere ? { state } : undefined;
  }

  /**
   * Claims what waits; with `waitSeconds` and nothing there, as soon as something comes. Empty when
   * the time is up. Throws `too_many_requests` when too many wait, `unavailable` after `stop`.
   */
  async claim(
    request: ClaimRequest,
    waitSeconds: number,
    signal?: AbortSignal,
  ): Promise<ClaimedJob[]> {
    if (this.#isStopping) throw stopping();
    const deadline = this.#clock.monotonic() + waitSeconds * 1000;
    const keys = request.endpoints.map((endpoint) => workKey(request.tenant, endpoint));
    let claimed = await this.#store.claim(request);
    if (claimed.length > 0 || waitSeconds === 0) return claimed;
    while (claimed.length === 0 && this.#isWanted(signal)) {
      const parked = this.#waiters.park(keys, deadline - this.#clock.monotonic(), signal);
      try {
        // Claim again once parked: work may have come just before.
        claimed = await this.#store.claim(request);
        if (claimed.length > 0) break;
        if ((await parked.wakeup) !== 'woken') return claimed;
        if (this.#isWanted(signal)) claimed = await this.#store.claim(request);
      } finally {
        parked.leave();
      }
    }
    await this.#passOn(request.tenant, keys);
    return claimed;
  }

  #isWanted(signal: AbortSignal | undefined): boolean {
    return !this.#isStopping && !signal?.aborted;
  }

  /**
   * A waiter that was woken for one job may have taken another, or be gone by now: what is still
   * there would wait beside those who wait for it.
   */
  async #passOn(tenant: string, keys: readonly string[]): Promise<void> {
    if ((await this.#store.queueLength(tenant)) === 0) return;
    for (const key of keys) this.#waiters.wake(key, 1);
  }

  /** Where a job stands in the queue; cheap at a million jobs. */
  findPlace(job: Placed): Promise<Place> {
    return findPlace(this.#store, this.#clock, job);
  }

  /** Whole seconds until it is worth asking for a job that has not ended again. */
  async retryAfter(job: Paced & Placed, place?: Place): Promise<number> {
    const load = await this.#store.endpointLoad(job.tenant, job.endpoint);
    return retryAfterSeconds(job, load, this.#clock.now(), place?.estimatedStartAt);
  }

  #wakeFor(change: JobChange): void {
    if (this.#waiters.size === 0) return;
    this.#waiters.wake(changeKey(change));
    if (change.kind === 'deleted' || isEnd(change.kind)) this.#waiters.wake(endKey(change));
    // One job is work for one: waking all would be a stampede for it.
    if (change.claimable) this.#waiters.wake(workKey(change.tenant, change.endpoint), 1);
  }
}

function isEnd(kind: JobChange['kind']): boolean {
  return kind === 'done' || kind === 'failed' || kind === 'cancelled';
}

const changeKey = ({ tenant, jobId }: JobRef) => `change ${tenant} ${jobId}`;
const endKey = ({ tenant, jobId }: JobRef) => `end ${tenant} ${jobId}`;
const workKey = (tenant: string, endpoint: string) => `work ${tenant} ${endpoint}`;
