// The event feed: followers get every event after the one they know, in order, and then as it happens.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { hasEnded, type JobState } from '../contract/job.ts';
import { isEnd, type JobEvent } from '../contract/job-event.ts';
import type { JobChange, JobRef, JobStore } from '../store/job-store.ts';

/** Where events go. Its methods are called one at a time and must not throw. */
export interface EventSink {
  /** `isLast`: the job has ended with it; nothing follows. */
  send(event: JobEvent, isLast: boolean): void;
  /** Resolves when what was sent is out, so that old events are not read faster than taken. */
  drained(): Promise<void>;
  /** No more events: the last was sent, the job is gone, or the gateway stops. */
  end(): void;
}

/** Events read at once while a follower catches up. */
const PAGE = 200;

export class EventFeed {
  readonly #store: JobStore;
  readonly #byJob = new Map<string, Set<JobFollower>>();
  readonly #byTenant = new Map<string, Set<TenantFollower>>();
  #unsubscribe: () => void = () => {};
  #isStopped = false;

  constructor(store: JobStore) {
    this.#store = store;
  }

  start(): void {
    this.#unsubscribe = this.#store.onChange((change) => this.pass(change));
  }

  /** Ends every follower, now and from now on: the gateway stops, and they come back to the next. */
  stop(): void {
    this.#unsubscribe();
    this.#isStopped = true;
    for (const followers of [...this.#byJob.values(), ...this.#byTenant.values()]) {
      for (const follower of followers) follower.end();
    }
  }

  /** How many follow now. */
  get size(): number {
    const sets = [...this.#byJob.values(), ...this.#byTenant.values()];
    return sets.reduce((sum, set) => sum + set.size, 0);
  }

  /**
   * Whether a job is there to be followed from `after` on: `gone` when there is none, `over` when
   * it has ended and nothing came after that event.
   */
  async look(ref: JobRef, after: number): Promise<'gone' | 'over' | 'open'> {
    const state = await this.#store.findState(ref);
    if (!state) return 'gone';
    if (!hasEnded(state.status)) return 'open';
    return (await this.#store.listEvents(ref, after, 1)).length === 0 ? 'over' : 'open';
  }

  /** Sends a job's events after `after` to the sink, up to its end; returns how to stop. */
  followJob(ref: JobRef, after: number, sink: EventSink): () => void {
    const key = keyOf(ref);
    const follower = new JobFollower(this.#store, ref, after, sink);
    addTo(this.#byJob, key, follower);
    const leave = () => removeFrom(this.#byJob, key, follower);
    follower.run(leave);
    if (this.#isStopped) follower.end();
    return () => follower.end();
  }

  /** The same of all of a tenant's jobs, without an end. */
  followTenant(tenant: string, after: number, sink: EventSink): () => void {
    const follower = new TenantFollower(this.#store, tenant, after, sink);
    addTo(this.#byTenant, tenant, follower);
    const leave = () => removeFrom(this.#byTenant, tenant, follower);
    follower.run(leave);
    if (this.#isStopped) follower.end();
    return () => follower.end();
  }

  /** Tells a change to those who follow its job. */
  pass(change: JobChange): void {
    if (this.#byJob.size > 0) {
      for (const follower of this.#byJob.get(keyOf(change)) ?? []) follower.hear(change);
    }
    for (const follower of this.#byTenant.get(change.tenant) ?? []) follower.hear(change);
  }
}

/**
 * Reads the table until there is nothing new, and only then takes events as they happen. What is
 * told meanwhile is in the table already: it is read once more instead of being kept aside.
 */
abstract class Follower {
  protected readonly store: JobStore;
  protected readonly sink: EventSink;
  protected after: number;
  #isLive = false;
  #isStale = true;
  #isOver = false;
  #leave: () => void = () => {};

  constructor(store: JobStore, after: number, sink: EventSink) {
    this.store = store;
    this.after = after;
    this.sink = sink;
  }

  run(leave: () => void): void {
    this.#leave = leave;
    // What cannot be read now (a closed store) ends the stream; the caller comes back.
    this.#catchUp().catch(() => this.end());
  }

  hear(change: JobChange): void {
    const { event } = change;
    if (!this.#isLive) this.#isStale = true;
    else if (event && event.seq > this.after) this.deliver(event, isEnd(event));
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leave();
    this.sink.end();
  }

  protected deliver(event: JobEvent, isLast: boolean): void {
    this.after = event.seq;
    this.sink.send(event, isLast);
  }

  /** Sends what is there after `after`, a page at most; whether there may be more. */
  protected abstract readOn(): Promise<boolean>;

  /** Where to begin when the id that the caller has was never given out: `last` was the last. */
  protected abstract beginAgain(last: number): number;

  async #catchUp(): Promise<void> {
    await this.#correctStart();
    while (!this.#isOver && this.#isStale) {
      this.#isStale = false;
      if (await this.readOn()) await this.#pause();
    }
    this.#isLive = true;
  }

  /** No faster than they are taken: some are long. `isLast`: of the last of them. */
  protected async deliverAll(events: JobEvent[], isLast = false): Promise<void> {
    for (const event of events) {
      if (this.#isOver) return;
      this.deliver(event, isLast && event === events.at(-1));
      await this.sink.drained();
    }
  }

  /** An id that is still to come is of a newer database than this one, which was restored. */
  async #correctStart(): Promise<void> {
    if (this.after === 0) return;
    const last = await this.store.lastEventSeq();
    if (this.after > last) this.after = this.beginAgain(last);
  }

  /** Between two pages the others have their turn: what is read may be a million events. */
  async #pause(): Promise<void> {
    this.#isStale = true;
    await nextTurn();
  }
}

class JobFollower extends Follower {
  readonly #ref: JobRef;

  constructor(store: JobStore, ref: JobRef, after: number, sink: EventSink) {
    super(store, after, sink);
    this.#ref = ref;
  }

  protected async readOn(): Promise<boolean> {
    const events = await this.store.listEvents(this.#ref, this.after, PAGE);
    const last = events.at(-1);
    const state = last && !isEnd(last) ? undefined : await this.store.findState(this.#ref);
    // An end in the middle was followed by a retry; of the last one the job itself says.
    const isLast = last !== undefined && isEnd(last) && isState(last, state);
    await this.deliverAll(events, isLast);
    // Removed before it was followed, or while it was read: nothing more will be told of it.
    if (!last && !state) this.end();
    return events.length === PAGE;
  }

  protected beginAgain(): number {
    return 0;
  }

  protected override deliver(event: JobEvent, isLast: boolean): void {
    super.deliver(event, isLast);
    if (isLast) this.end();
  }
}

/** Whether nothing happened to the job since. */
function isState(event: JobEvent, state: JobState | undefined): boolean {
  return state !== undefined && hasEnded(state.status) && state.version === event.version;
}

class TenantFollower extends Follower {
  readonly #tenant: string;

  constructor(store: JobStore, tenant: string, after: number, sink: EventSink) {
    super(store, after, sink);
    this.#tenant = tenant;
  }

  protected async readOn(): Promise<boolean> {
    const { events, after, isLast } = await this.store.listTenantEvents(
      this.#tenant,
      this.after,
      PAGE,
    );
    await this.deliverAll(events);
    this.after = Math.max(this.after, after);
    return !isLast;
  }

  protected override deliver(event: JobEvent): void {
    super.deliver(event, false);
  }

  /** All that the table has could be a million events, and the caller had most of them. */
  protected beginAgain(last: number): number {
    return last;
  }
}

const keyOf = ({ tenant, jobId }: JobRef) => `${tenant} ${jobId}`;

function addTo<F>(index: Map<string, Set<F>>, key: string, follower: F): void {
  const followers = index.get(key);
  if (followers) followers.add(follower);
  else index.set(key, new Set([follower]));
}

function removeFrom<F>(index: Map<string, Set<F>>, key: string, follower: F): void {
  const followers = index.get(key);
  followers?.delete(follower);
  if (followers?.size === 0) index.delete(key);
}
