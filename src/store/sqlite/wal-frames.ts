// The bytes of an SQLite write-ahead log: its header, its frames and their running checksum.

export const WAL_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;

const MAGIC_LITTLE_ENDIAN = 0x377f0682;
const MAGIC_BIG_ENDIAN = 0x377f0683;

/** A checksum's two 32-bit words. */
export type Checksum = readonly [number, number];

export interface WalHeader {
  pageSize: number;
  /** Of this generation of the log: a frame with other salts is a left-over of an earlier one. */
  salts: bigint;
  /** Checksums sum big-endian words; the machine that made the log chose. */
  bigEndian: boolean;
  /** As stored: the first frame's checksum goes on from it. */
  checksum: Checksum;
  /** What it must be, in either byte order. */
  computed: readonly Checksum[];
  /** Whether SQLite accepts it; of a log whose header it does not accept, it reads nothing. */
  valid: boolean;
}

export function readWalHeader(bytes: Buffer): WalHeader {
  const magic = bytes.readUInt32BE(0);
  const pageSize = bytes.readUInt32BE(8);
  const bigEndian = magic === MAGIC_BIG_ENDIAN;
  const checksum = readChecksum(bytes, 24);
  const isOurs = bigEndian || magic === MAGIC_LITTLE_ENDIAN;
  const computed = [false, true].map((order) => addChecksum(bytes.subarray(0, 24), [0, 0], order));
  const isWhole = isSame(checksum, computed[bigEndian ? 1 : 0]!);
  const valid = isOurs && isPageSize(pageSize) && isWhole;
  return { pageSize, salts: bytes.readBigUInt64BE(16), bigEndian, checksum, computed, valid };
}

export function isPageSize(size: number): boolean {
  return size >= 512 && size <= 65_536 && (size & (size - 1)) === 0;
}

export interface Frame {
  pageNumber: number;
  /** Pages of the database after the commit that this frame ends; 0 within a transaction. */
  pageCount: number;
  salts: bigint;
  checksum: Checksum;
  page: Buffer;
}

export function readFrame(bytes: Buffer): Frame {
  return {
    pageNumber: bytes.readUInt32BE(0),
    pageCount: bytes.readUInt32BE(4),
    salts: bytes.readBigUInt64BE(8),
    checksum: readChecksum(bytes, 16),
    page: bytes.subarray(FRAME_HEADER_BYTES),
  };
}

/** What the checksum of the frame in `bytes` must be, going on from the frame before. */
export function frameChecksum(bytes: Buffer, before: Checksum, bigEndian: boolean): Checksum {
  const sum = addChecksum(bytes.subarray(0, 8), before, bigEndian);
  return addChecksum(bytes.subarray(FRAME_HEADER_BYTES), sum, bigEndian);
}

export function isSame(a: Checksum, b: Checksum): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** Signed words, as `addChecksum` makes them: its sums wrap at 32 bits without a division. */
function readChecksum(bytes: Buffer, offset: number): Checksum {
  return [bytes.readInt32BE(offset), bytes.readInt32BE(offset + 4)];
}

/** `bytes` begins at a multiple of 4 in its memory: the words are read in place. */
export function addChecksum(bytes: Buffer, before: Checksum, bigEndian: boolean): Checksum {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return addWords(bigEndian ? words.map(swapped) : words, before);
}

function addWords(words: Int32Array, [first, second]: Checksum): Checksum {
  let a = first;
  let b = second;
  for (let i = 0; i < words.length; i += 2) {
    a = (a + words[i]! + b) | 0;
    b = (b + words[i + 1]! + a) | 0;
  }
  return [a, b];
}

function swapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
