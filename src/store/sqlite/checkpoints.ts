// The checkpoints: when the log moves into the file, and that the page sums know of it before.
import { closeSync, openSync, readSync } from 'node:fs';
import type Database from 'better-sqlite3';
import type { PageSums } from './page-sums.ts';
import { readWal } from './wal-scan.ts';

/** What `wal_checkpoint` answers; -1 without a log. */
interface LogState {
  /** Frames in the log. */
  log: number;
  /** Those that are in the file already. */
  checkpointed: number;
}

/** Frames that make the log move into the file: SQLite's own default, about 4 MiB. */
const DUE_FRAMES = 1000;

/**
 * SQLite's automatic checkpoints are off: a page must not reach the file before its sum. All that
 * can move a page (a checkpoint, the close of the database) goes through here.
 */
export class Checkpoints {
  readonly #sqlite: Database.Database;
  readonly #sums: PageSums;
  readonly #state: Database.Statement;
  #salts = 0n;
  #frames = 0;
  /** All of the log is in the file: the next commit begins it anew, under new salts. */
  #mayBeginAnew = true;
  #dueAt = DUE_FRAMES;

  constructor(sqlite: Database.Database, sums: PageSums) {
    this.#sqlite = sqlite;
    this.#sums = sums;
    this.#state = sqlite.prepare('PRAGMA wal_checkpoint(NOOP)');
    this.noteCommit();
  }

  /**
   * After every commit: remembers how far the log goes, and moves a long one into the file. With
   * `keepShort` each commit is moved, so that the log needs no more room on a full disk.
   */
  noteCommit(keepShort = false): void {
    const { log, checkpointed } = this.#logState();
    if (log <= 0) return;
    if (this.#mayBeginAnew || log < this.#frames) this.#salts = this.#readSalts();
    this.#mayBeginAnew = log === checkpointed;
    this.#frames = log;
    this.#noteLog();
    if (!keepShort && log - checkpointed < this.#dueAt) return;
    // What fails now (a full disk) is tried again, and told, by the maintenance.
    if (!this.tryRun()) this.#dueAt = log - checkpointed + DUE_FRAMES;
  }

  /** Moves the log into the file; false when all of it was there. Throws when the disk refuses. */
  run(): boolean {
    const { log, checkpointed } = this.#logState();
    if (log <= 0 || log === checkpointed) return false;
    this.#cover(log, false);
    this.#sqlite.pragma('wal_checkpoint(PASSIVE)');
    this.#dueAt = DUE_FRAMES;
    this.#mayBeginAnew = true;
    return true;
  }

  /** The same; false also when the disk refuses. */
  tryRun(): boolean {
    try {
      return this.run();
    } catch {
      return false;
    }
  }

  /** Closes the database, which moves the log into the file. */
  close(): void {
    try {
      this.#cover(this.#logState().log, true);
      this.#sums.close();
    } catch {
      // Without room for the sums there are none: the next start checks the file without them.
      this.#sums.forget();
    }
    this.#sqlite.close();
  }

  #cover(frames: number, closing: boolean): void {
    this.#sums.cover(readWal(`${this.#sqlite.name}-wal`, Math.max(frames, 0)), { closing });
  }

  /** The commit stands already: a note that fails only makes the next start less strict. */
  #noteLog(): void {
    try {
      this.#sums.noteLog(this.#salts, this.#frames);
    } catch {
      return;
    }
  }

  #logState(): LogState {
    return this.#state.get() as LogState;
  }

  /** 0 when the log cannot be opened now: the commit stands, and the next one asks again. */
  #readSalts(): bigint {
    const bytes = Buffer.alloc(8);
    try {
      const file = openSync(`${this.#sqlite.name}-wal`, 'r');
      try {
        readSync(file, bytes, 0, bytes.length, 16);
      } finally {
        closeSync(file);
      }
    } catch {
      return 0n;
    }
    return bytes.readBigUInt64BE(0);
  }
}
