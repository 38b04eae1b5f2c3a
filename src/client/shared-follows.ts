// Followers of one job are one: its changes go to all, and who comes later is told what was before.
import type { JobChange } from './job-change.ts';
import { JobFollower, type Following } from './job-follower.ts';
import { abortable, linkedController } from './signals.ts';

/** Why a reader that returns is no longer told. */
const RETURNED = new Error('returned');

export class SharedFollows {
  readonly #following: Following;
  readonly #byJob = new Map<string, SharedFollow>();

  constructor(following: Following) {
    this.#following = following;
  }

  /** Every change from the beginning on; its `return` works while `next` is pending, too. */
  watch(jobId: string, signal: AbortSignal | undefined): AsyncIterableIterator<JobChange, void> {
    const { controller, release } = linkedController(signal);
    const changes = this.#changes(jobId, controller.signal, release);
    return {
      next: () => changes.next(),
      return: () => {
        controller.abort(RETURNED);
        // One that was never asked for a change has nothing else that lets go.
        release();
        return changes.return();
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Joins when its first change is asked for. */
  async *#changes(
    jobId: string,
    signal: AbortSignal,
    release: () => void,
  ): AsyncGenerator<JobChange, void> {
    try {
      yield* this.#of(jobId).changes(signal);
    } catch (error) {
      if (error !== RETURNED) throw error;
    } finally {
      release();
    }
  }

  #of(jobId: string): SharedFollow {
    const known = this.#byJob.get(jobId);
    if (known) return known;
    const follow = new SharedFollow(jobId, this.#following, () => this.#byJob.delete(jobId));
    this.#byJob.set(jobId, follow);
    return follow;
  }
}

class SharedFollow {
  readonly #follower: JobFollower;
  readonly #controller = new AbortController();
  readonly #forget: () => void;
  /** From the beginning; of progress the latest. */
  readonly #past: JobChange[] = [];
  readonly #listeners = new Set<(change?: JobChange) => void>();
  #isBegun = false;
  #isOver = false;
  #error: unknown;

  /** `forget` is called once, when nobody may join any more. */
  constructor(jobId: string, following: Following, forget: () => void) {
    this.#follower = new JobFollower(jobId, following, this.#controller.signal);
    this.#forget = forget;
  }

  async *changes(signal: AbortSignal): AsyncGenerator<JobChange, void> {
    const waiting = [...this.#past];
    let wake: () => void = () => {};
    const listener = (change?: JobChange): void => {
      if (change) waiting.push(change);
      wake();
    };
    this.#join(listener);
    try {
      for (;;) {
        signal.throwIfAborted();
        const change = waiting.shift();
        if (change) yield change;
        else if (this.#isOver) break;
        else await abortable(new Promise<void>((resolve) => (wake = resolve)), signal);
      }
    } finally {
      this.#leave(listener);
    }
    if (this.#error !== undefined) throw this.#error;
  }

  #join(listener: (change?: JobChange) => void): void {
    this.#listeners.add(listener);
    if (!this.#isBegun) void this.#run();
    this.#isBegun = true;
  }

  #leave(listener: (change?: JobChange) => void): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0 || this.#isOver) return;
    this.#end(undefined);
    this.#controller.abort();
  }

  async #run(): Promise<void> {
    try {
      for await (const change of this.#follower.changes()) this.#tell(change);
      this.#end(undefined);
    } catch (error) {
      this.#end(error);
    }
  }

  #tell(change: JobChange): void {
    if (this.#past.at(-1)?.kind === 'progress' && change.kind === 'progress') this.#past.pop();
    this.#past.push(change);
    for (const listener of this.#listeners) listener(change);
  }

  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#forget();
    for (const listener of this.#listeners) listener();
  }
}
