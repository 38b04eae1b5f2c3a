// The space reserve: room on the disk that is kept for the reports of running jobs.
import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { giveToOwner } from './file-owner.ts';

const CHUNK_BYTES = 1024 * 1024;

/**
 * A file of `bytes` beside the database. When the disk is full it is given up, so that running jobs
 * can still end; until it could be written again no new work is taken in. 0 bytes: no reserve.
 */
export class SpaceReserve {
  readonly #databasePath: string;
  readonly #path: string;
  readonly #bytes: number;
  #isWhole: boolean;

  constructor(databasePath: string, bytes: number) {
    this.#databasePath = databasePath;
    this.#path = SpaceReserve.pathOf(databasePath);
    this.#bytes = bytes;
    this.#isWhole = bytes === 0 || sizeOf(this.#path) === bytes;
    if (!this.#isWhole) this.refill();
  }

  static pathOf(databasePath: string): string {
    return `${databasePath}.reserve`;
  }

  /** Gives the room up so that the database can be opened on a full disk; false when there is none. */
  static giveUp(databasePath: string): boolean {
    const path = SpaceReserve.pathOf(databasePath);
    const isThere = sizeOf(path) !== undefined;
    rmSync(path, { force: true });
    return isThere;
  }

  /** Whether there is room for new work, and for what it will have to report. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Frees the room; false when there was none, or when the disk lets nothing be removed either. */
  spend(): boolean {
    if (this.#bytes === 0 || !this.#isWhole || !tryRemove(this.#path)) return false;
    this.#isWhole = false;
    return true;
  }

  /** Writes it again, when the disk has room for it and as much again. */
  refill(): void {
    if (this.#isWhole || freeBytes(dirname(this.#path)) < 2 * this.#bytes) return;
    try {
      writeNoise(this.#path, this.#bytes);
      giveToOwner(this.#databasePath, this.#path);
      this.#isWhole = true;
    } catch {
      tryRemove(this.#path);
    }
  }
}

/** False on a file system that became read-only. */
function tryRemove(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Noise, because a file system may keep zeros without giving them room. */
function writeNoise(path: string, bytes: number): void {
  const noise = randomFillSync(Buffer.alloc(Math.min(bytes, CHUNK_BYTES)));
  const file = openSync(path, 'w', 0o600);
  try {
    for (let left = bytes; left > 0;)
      left -= writeSync(file, noise, 0, Math.min(left, noise.length));
  } finally {
    closeSync(file);
  }
}
