// The page sums: a CRC-32 of every page of the database, in a file beside it, held to at the start.
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { giveToOwner } from './file-owner.ts';
import { removeFile } from './remove-file.ts';
import { isPageSize } from './wal-frames.ts';
import type { WalScan } from './wal-scan.ts';

/**
 * SQLite notices a flipped bit in a page only where it breaks the page's structure; elsewhere it
 * serves what is not so, or no longer finds it. Every page has a sum, written before the page may
 * move from the log into the file; a page that the log holds is the log's to vouch for, so that a
 * crash at any moment leaves both in agreement. The header tells how far the log goes: a log that
 * ends sooner has lost what was acknowledged.
 *
 *   64 bytes of header: see `#writeHeader`; then 4 bytes a page. A sum of 0 is none: the page was
 *   never written (a free page of a file that grew).
 */
export class PageSums {
  readonly #path: string;
  readonly #file: number;
  readonly pageSize: number;
  #sums: Uint32Array;
  #log: LogMark;

  private constructor(path: string, { pageSize, sums, log }: Content) {
    this.#path = path;
    this.#file = openSync(path, 'r+');
    this.pageSize = pageSize;
    this.#sums = sums;
    this.#log = log;
  }

  static pathOf(databasePath: string): string {
    return `${databasePath}.sums`;
  }

  /** The sums of the database; undefined when it has none, or theirs is the file that was damaged. */
  static open(databasePath: string): PageSums | undefined {
    const path = PageSums.pathOf(databasePath);
    if (!existsSync(path)) return undefined;
    const content = parse(readFileSync(path));
    return content && new PageSums(path, content);
  }

  /** Believes the database as it is and writes its sums anew. */
  static make(databasePath: string, wal: WalScan): PageSums {
    const path = PageSums.pathOf(databasePath);
    const pageSize = readPageSize(databasePath);
    const sums = Uint32Array.from(pageCrcs(databasePath, pageSize));
    writeWhole(databasePath, { pageSize, sums, log: markOf(wal) });
    const made = new PageSums(path, { pageSize, sums, log: markOf(wal) });
    made.cover(wal);
    return made;
  }

  /** What does not hold of the stopped database, for people; undefined when all of it does. */
  findFault(databasePath: string, wal: WalScan): string | undefined {
    return this.#findLogFault(wal) ?? this.#findPageFault(databasePath, wal);
  }

  /** The frames that were acknowledged are there, unless the log has begun anew since. */
  #findLogFault({ header, frames }: WalScan): string | undefined {
    const { salts, frames: known, closing } = this.#log;
    if (known === 0) return undefined;
    if (!header) return closing ? undefined : 'its log is missing or damaged';
    if (header.salts === salts && frames < known)
      return `its log has lost ${known - frames} frames`;
    return undefined;
  }

  #findPageFault(databasePath: string, wal: WalScan): string | undefined {
    const pageCount = wal.frames > 0 ? wal.pageCount : this.#sums.length;
    let number = 0;
    for (const crc of pageCrcs(databasePath, this.pageSize)) {
      number += 1;
      if (number > pageCount) break;
      const sum = this.#sums[number - 1] ?? 0;
      if (sum !== crc && sum !== 0 && !wal.pages.has(number))
        return `its page ${number} fails its checksum`;
    }
    for (number += 1; number <= pageCount; number += 1) {
      const isNeeded = (this.#sums[number - 1] ?? 0) !== 0 && !wal.pages.has(number);
      if (isNeeded) return `it ends before its page ${number}`;
    }
    return undefined;
  }

  get pageCount(): number {
    return this.#sums.length;
  }

  /** Frames of this log that are in the sums already, and may be in the file. */
  coveredFrames(salts: bigint): number {
    return this.#log.salts === salts ? this.#log.covered : 0;
  }

  /** Whether the page's bytes are what was written to it. Without a sum: true. */
  holds(number: number, page: Buffer): boolean {
    const sum = this.#sums[number - 1] ?? 0;
    return sum === 0 || sum === crc32(page);
  }

  /**
   * Takes in the pages that the log holds, on the disk when it returns: now they may move into the
   * file. `closing` says that the log may go with them.
   */
  cover(wal: WalScan, { closing = false } = {}): void {
    const before = this.#sums.length;
    if (wal.frames > 0) this.#resize(wal.pageCount);
    // Never shorter than its header says, so that a kill in between leaves it readable.
    if (this.#sums.length > before) this.#setLength();
    const blocks = new Set<number>();
    for (const [number, { crc }] of wal.pages) {
      if (number > this.#sums.length) continue;
      this.#sums[number - 1] = crc;
      blocks.add(Math.floor((number - 1) / BLOCK_SUMS));
    }
    for (const block of blocks) this.#writeBlock(block);
    this.#writeHeader({ ...markOf(wal), closing });
    if (this.#sums.length < before) this.#setLength();
    fsyncSync(this.#file);
  }

  /**
   * Notes how far the log goes, after a commit: in the page cache only (2 µs). A power cut may take
   * the note back, but never the frames that it is about.
   */
  noteLog(salts: bigint, frames: number): void {
    this.#writeHeader({ salts, frames, covered: this.coveredFrames(salts), closing: false });
  }

  /** The next start believes the database as it is then. */
  forget(): void {
    this.close();
    removeFile(this.#path);
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Sums of pages that are new are 0. */
  #resize(pageCount: number): void {
    if (pageCount === this.#sums.length) return;
    const resized = new Uint32Array(pageCount);
    resized.set(this.#sums.subarray(0, pageCount));
    this.#sums = resized;
  }

  #setLength(): void {
    ftruncateSync(this.#file, HEADER_BYTES + this.#sums.length * SUM_BYTES);
  }

  #writeBlock(block: number): void {
    const from = block * BLOCK_SUMS;
    const sums = this.#sums.subarray(from, from + BLOCK_SUMS);
    writeSync(this.#file, toBytes(sums), 0, sums.byteLength, HEADER_BYTES + from * SUM_BYTES);
  }

  #writeHeader(log: LogMark): void {
    this.#log = log;
    writeSync(
      this.#file,
      headerBytes({ pageSize: this.pageSize, sums: this.#sums, log }),
      0,
      HEADER_BYTES,
      0,
    );
  }
}

/** How far the log went when it was last looked at. */
interface LogMark {
  salts: bigint;
  frames: number;
  covered: number;
  closing: boolean;
}

interface Content {
  pageSize: number;
  sums: Uint32Array;
  log: LogMark;
}

const MAGIC = 'jobgate sums 1\n\0';
const HEADER_BYTES = 64;
const SUM_BYTES = 4;
/** Sums written at once: one page of the disk's cache. */
const BLOCK_SUMS = 1024;
const CRC_OFFSET = HEADER_BYTES - SUM_BYTES;
const READ_BYTES = 1024 * 1024;

function markOf({ header, frames }: WalScan): LogMark {
  return { salts: header?.salts ?? 0n, frames, covered: frames, closing: false };
}

function headerBytes({ pageSize, sums, log }: Content): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write(MAGIC, 'latin1');
  bytes.writeUInt32LE(pageSize, 16);
  bytes.writeUInt32LE(sums.length, 20);
  bytes.writeBigUInt64LE(log.salts, 24);
  bytes.writeUInt32LE(log.frames, 32);
  bytes.writeUInt32LE(log.covered, 36);
  bytes.writeUInt32LE(log.closing ? 1 : 0, 40);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CRC_OFFSET)), CRC_OFFSET);
  return bytes;
}

function parse(bytes: Buffer): Content | undefined {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC)
    return undefined;
  if (crc32(bytes.subarray(0, CRC_OFFSET)) !== bytes.readUInt32LE(CRC_OFFSET)) return undefined;
  const pageCount = bytes.readUInt32LE(20);
  if (bytes.length < HEADER_BYTES + pageCount * SUM_BYTES) return undefined;
  const sums = Uint32Array.from({ length: pageCount }, (_, i) =>
    bytes.readUInt32LE(HEADER_BYTES + i * SUM_BYTES),
  );
  const salts = bytes.readBigUInt64LE(24);
  const [frames, covered] = [bytes.readUInt32LE(32), bytes.readUInt32LE(36)];
  const log = { salts, frames, covered, closing: bytes.readUInt32LE(40) === 1 };
  return { pageSize: bytes.readUInt32LE(16), sums, log };
}

/** All of it or nothing, also when the power is cut. */
function writeWhole(databasePath: string, content: Content): void {
  const path = PageSums.pathOf(databasePath);
  const file = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeSync(file, Buffer.concat([headerBytes(content), toBytes(content.sums)]));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  giveToOwner(databasePath, `${path}.new`);
  renameSync(`${path}.new`, path);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

function toBytes(sums: Uint32Array): Buffer {
  const bytes = Buffer.alloc(sums.length * SUM_BYTES);
  sums.forEach((sum, i) => bytes.writeUInt32LE(sum, i * SUM_BYTES));
  return bytes;
}

/** From the database's own header; 4096, as our files have it, when that is damaged. */
export function readPageSize(databasePath: string): number {
  const bytes = Buffer.alloc(18);
  const file = openSync(databasePath, 'r');
  try {
    readSync(file, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(file);
  }
  const stored = bytes.readUInt16BE(16);
  const size = stored === 1 ? 65_536 : stored;
  return isPageSize(size) ? size : 4096;
}

/** The CRC-32 of each whole page in turn: about 0.8 s a GiB. */
function* pageCrcs(databasePath: string, pageSize: number): Generator<number> {
  const chunk = Buffer.alloc(READ_BYTES);
  const file = openSync(databasePath, 'r');
  try {
    for (let at = 0; ; at += chunk.length) {
      const length = readSync(file, chunk, 0, chunk.length, at);
      for (let from = 0; from + pageSize <= length; from += pageSize) {
        yield crc32(chunk.subarray(from, from + pageSize));
      }
      if (length < chunk.length) return;
    }
  } finally {
    closeSync(file);
  }
}
