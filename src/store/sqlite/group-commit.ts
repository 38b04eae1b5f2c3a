// Group commit: writes that arrive together share one transaction, and are answered after it.
import type Database from 'better-sqlite3';
import { diskFull, isDiskFull, toStoreError } from './sqlite-errors.ts';

/** What a write may ask for besides its SQL. */
export interface Transaction {
  /** Runs `effect` once the commit is on the disk, before the write is answered; never otherwise. */
  afterCommit(effect: () => void): void;
  /** Runs `undo` if this write is rolled back; what it did to the memory is undone with it. */
  onUndo(undo: () => void): void;
}

export type WriteBody<T> = (tx: Transaction) => T;

/** New work and probes are refused while the disk has no room for new work; probes are not counted. */
type Purpose = 'new work' | 'work' | 'probe';

interface PendingWrite {
  purpose: Purpose;
  /** Jobs that it makes or changes, or what takes as long. */
  weight: number;
  body: WriteBody<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** A write that ran inside a transaction which is not committed yet. */
interface RanWrite {
  write: PendingWrite;
  value: unknown;
  effects: (() => void)[];
  undos: (() => void)[];
}

/** One that threw; what it did to the memory is undone. */
interface FailedWrite {
  error: unknown;
}

export interface CommitHooks {
  /** Around each commit, for what is written once a transaction. */
  beforeCommit(): void;
  afterCommit(): void;
  /** False while the disk has no room for new work. */
  hasRoom(): boolean;
  /** The disk is full: frees some of it; false when nothing more can be freed. */
  makeRoom(): boolean;
  /** Told whether the disk took a commit that changed something; others show nothing. Default: nobody. */
  written?: ((isWritten: boolean) => void) | undefined;
  /** Told of each commit, with the clock that it is timed by. Default: nobody. */
  observe?: CommitObserver | undefined;
}

export interface CommitObserver {
  /** Monotonic milliseconds. */
  now(): number;
  committed(writes: number, ms: number): void;
}

/** Bounds how long one flush holds the event loop: what the writes weigh, about 5 ms of submissions. */
const MAX_BATCH = 200;

/** Turns of the loop without a new write before no more are waited for: about 0.1 ms. */
const IDLE_TURNS = 30;

/** Thrown inside a transaction without savepoints: a body threw after it had written. */
const HALF_WRITTEN = new Error('a write must be undone alone');

/**
 * With `synchronous=FULL` a commit costs a disk sync: alone each write pays for its own, together
 * they pay for one. A body that throws hurts nobody else. It may run again: when one of the batch
 * threw after it had written, all run once more, each in a savepoint of its own (which costs a fifth
 * of a submission, and is seldom needed: a refusal comes before the first change); when the disk
 * refuses the whole batch, each write is tried alone, and when the disk is full, as long as room can
 * be made for it; new work is refused then.
 */
export class GroupCommit {
  readonly #sqlite: Database.Database;
  readonly #hooks: CommitHooks;
  readonly #statements: Record<
    'begin' | 'commit' | 'savepoint' | 'release' | 'undo',
    Database.Statement
  >;
  /** Rows changed on this connection so far. */
  readonly #changes: Database.Statement<[], number>;
  #pending: PendingWrite[] = [];
  #scheduled = false;
  /** Writes in the last commit: as many callers may be about to write again. */
  #lastBatch = 0;

  constructor(sqlite: Database.Database, hooks: CommitHooks) {
    this.#sqlite = sqlite;
    this.#hooks = hooks;
    this.#statements = {
      begin: sqlite.prepare('BEGIN IMMEDIATE'),
      commit: sqlite.prepare('COMMIT'),
      savepoint: sqlite.prepare('SAVEPOINT write'),
      release: sqlite.prepare('RELEASE write'),
      undo: sqlite.prepare('ROLLBACK TO write'),
    };
    this.#changes = sqlite.prepare<[], number>('SELECT total_changes()').pluck();
  }

  /**
   * Resolves to what `body` returned, once it survives a power cut. `body` is synchronous. `weight`
   * (default 1) is how many jobs it makes or changes: the heavy ones do not share one long flush.
   */
  run<T>(body: WriteBody<T>, weight?: number): Promise<T> {
    return this.#queue(body, 'work', weight);
  }

  /** The same, but refused (`unavailable`) while the disk is full, so that what runs can still end. */
  runNewWork<T>(body: WriteBody<T>, weight?: number): Promise<T> {
    return this.#queue(body, 'new work', weight);
  }

  /** The same for a write that only shows whether there can be one: no measure has it. */
  runProbe<T>(body: WriteBody<T>): Promise<T> {
    return this.#queue(body, 'probe');
  }

  #queue<T>(body: WriteBody<T>, purpose: Purpose, weight = 1): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#pending.push({ purpose, weight, body, resolve, reject });
      this.#schedule();
    });
  }

  /** Commits what waits, now. */
  flush(): void {
    while (this.#pending.length > 0) this.#flushBatch();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After the sockets were read, so that all requests of this turn of the loop are in.
    setImmediate(() => this.#gather(0, 0));
  }

  /**
   * Callers that were answered together come back one after the other. Without this the first few
   * would have a sync of their own, for which the others wait. Who writes alone never waits.
   */
  #gather(seen: number, idleTurns: number): void {
    const { length } = this.#pending;
    const turns = length > seen ? 0 : idleTurns + 1;
    if (length > 0 && length < Math.min(this.#lastBatch, MAX_BATCH) && turns < IDLE_TURNS) {
      setImmediate(() => this.#gather(length, turns));
      return;
    }
    this.#scheduled = false;
    this.#flushBatch();
    if (this.#pending.length > 0) this.#schedule();
  }

  #flushBatch(): void {
    const batch = this.#takeBatch().filter((write) => this.#isWelcome(write));
    this.#lastBatch = batch.length;
    if (batch.length === 0 || this.#commit(batch)) return;
    for (const write of batch) this.#commitAlone(write);
  }

  /** As many of the first as are not too heavy together; one at the least. */
  #takeBatch(): PendingWrite[] {
    let weight = 0;
    const end = this.#pending.findIndex((write) => (weight += write.weight) > MAX_BATCH);
    return this.#pending.splice(0, end < 0 ? this.#pending.length : Math.max(1, end));
  }

  /** Ends: what makes room is used up after two times. */
  #commitAlone(write: PendingWrite): void {
    let isAnswered = false;
    while (!isAnswered && this.#isWelcome(write)) isAnswered = this.#commit([write]);
  }

  #isWelcome({ purpose, reject }: PendingWrite): boolean {
    if (purpose === 'work' || this.#hooks.hasRoom()) return true;
    reject(diskFull());
    return false;
  }

  /** False when the disk refused what is worth trying again, one by one; then nobody is answered. */
  #commit(batch: PendingWrite[], isGuarded = false): boolean {
    const failed: [PendingWrite, unknown][] = [];
    const ran: RanWrite[] = [];
    const begunAt = this.#hooks.observe?.now() ?? 0;
    const changes = this.#changes.get();
    try {
      this.#statements.begin.run();
      for (const write of batch) {
        const outcome = isGuarded ? this.#runGuarded(write) : this.#runBare(write);
        if ('error' in outcome) failed.push([write, outcome.error]);
        else ran.push(outcome);
      }
      this.#hooks.beforeCommit();
      this.#statements.commit.run();
    } catch (error) {
      this.#rollback(ran);
      if (error === HALF_WRITTEN) return this.#commit(batch, true);
      if (isDiskFull(error) && this.#hooks.makeRoom()) return false;
      if (batch.length > 1) return false;
      if (isStorageFailure(error)) this.#hooks.written?.(false);
      batch[0]?.reject(toStoreError(error));
      return true;
    }
    if (this.#changes.get() !== changes) this.#hooks.written?.(true);
    this.#observe(batch, begunAt);
    this.#hooks.afterCommit();
    for (const [write, error] of failed) write.reject(error);
    for (const { write, value, effects } of ran) {
      for (const effect of effects) effect();
      write.resolve(value);
    }
    return true;
  }

  #observe(batch: PendingWrite[], begunAt: number): void {
    const { observe } = this.#hooks;
    const counted = batch.filter(({ purpose }) => purpose !== 'probe').length;
    if (observe && counted > 0) observe.committed(counted, observe.now() - begunAt);
  }

  /** Throws HALF_WRITTEN when the body threw and what it wrote stands. */
  #runBare(write: PendingWrite): RanWrite | FailedWrite {
    const before = this.#changes.get();
    const outcome = runBody(write);
    if ('error' in outcome && this.#changes.get() !== before) throw HALF_WRITTEN;
    return outcome;
  }

  #runGuarded(write: PendingWrite): RanWrite | FailedWrite {
    this.#statements.savepoint.run();
    const outcome = runBody(write);
    if ('error' in outcome) this.#statements.undo.run();
    this.#statements.release.run();
    return outcome;
  }

  #rollback(ran: RanWrite[]): void {
    for (const { undos } of ran.toReversed()) undoAll(undos);
    // A full disk may have made SQLite roll back by itself.
    if (this.#sqlite.inTransaction) this.#sqlite.exec('ROLLBACK');
  }
}

/** Throws when the disk failed. */
function runBody(write: PendingWrite): RanWrite | FailedWrite {
  const effects: (() => void)[] = [];
  const undos: (() => void)[] = [];
  try {
    const value = write.body({
      afterCommit: (effect) => effects.push(effect),
      onUndo: (undo) => undos.push(undo),
    });
    return { write, value, effects, undos };
  } catch (error) {
    undoAll(undos);
    if (isStorageFailure(error)) throw error;
    return { error: toStoreError(error) };
  }
}

function undoAll(undos: (() => void)[]): void {
  for (const undo of undos.toReversed()) undo();
}

/** Failures of the disk, not of the body: the whole transaction is in doubt. */
function isStorageFailure(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return (
    typeof code === 'string' && code.startsWith('SQLITE_') && !code.startsWith('SQLITE_CONSTRAINT')
  );
}
