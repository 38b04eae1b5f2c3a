// The scan of a write-ahead log: what it commits, and whether it broke where no power cut breaks it.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import {
  FRAME_HEADER_BYTES,
  frameChecksum,
  isPageSize,
  isSame,
  readFrame,
  readWalHeader,
  WAL_HEADER_BYTES,
  type Checksum,
  type WalHeader,
} from './wal-frames.ts';

/** Where a page's image stands in the log, and its CRC-32. */
export interface LoggedPage {
  offset: number;
  crc: number;
}

export interface WalScan {
  /** Undefined when there is no log, or none that SQLite would read. */
  header: WalHeader | undefined;
  /** Frames up to the last commit. */
  frames: number;
  /** Pages of the database after it; 0 without a commit. */
  pageCount: number;
  /** The last committed image of every page in the log. */
  pages: Map<number, LoggedPage>;
  /**
   * A broken frame is followed by what was written after its transaction was on the disk: SQLite
   * would drop all of that and say nothing.
   */
  broken: boolean;
}

/** Frames read at once: about 1 MiB of them, whatever the length of the log. */
const CHUNK_FRAMES = 256;

/** Unit that a disk writes whole. */
const SECTOR_BYTES = 512;

const NOTHING: Omit<WalScan, 'broken'> = {
  header: undefined,
  frames: 0,
  pageCount: 0,
  pages: new Map(),
};

/** Reads the log at `path` in bounded memory (2 ms a MiB); it is not opened by SQLite. */
export function scanWal(path: string): WalScan {
  return withFile(path, (file) =>
    file === undefined ? { ...NOTHING, broken: false } : scan(file),
  );
}

/**
 * The same of a log that this process writes: SQLite says how many frames are committed, and they
 * are believed (five times as fast).
 */
export function readWal(path: string, frames: number): WalScan {
  return withFile(path, (file) => {
    const header = file === undefined ? undefined : readHeader(file);
    const read = {
      ...NOTHING,
      header,
      frames,
      pages: new Map<number, LoggedPage>(),
      broken: false,
    };
    if (file === undefined || !header) return read;
    let left = frames;
    for (const { bytes, offset } of framesFrom(file, header.pageSize, 0)) {
      if ((left -= 1) < 0) break;
      const { pageNumber, pageCount, page } = readFrame(bytes);
      read.pages.set(pageNumber, { offset: offset + FRAME_HEADER_BYTES, crc: crc32(page) });
      read.pageCount = pageCount;
    }
    return read;
  });
}

function withFile<T>(path: string, body: (file: number | undefined) => T): T {
  const file = openIfThere(path);
  try {
    return body(file);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function scan(file: number): WalScan {
  const header = readHeader(file);
  if (!header) return { ...NOTHING, broken: false };
  if (!header.valid) return { ...NOTHING, broken: hasFramesAnyway(file, header) };
  const committed = { header, frames: 0, pageCount: 0, pages: new Map<number, LoggedPage>() };
  const whole = readCommitted(file, header, committed);
  return { ...committed, broken: goesOnBehind(file, header, whole) };
}

function readHeader(file: number): WalHeader | undefined {
  const bytes = Buffer.alloc(WAL_HEADER_BYTES);
  const isThere = readSync(file, bytes, 0, WAL_HEADER_BYTES, 0) === WAL_HEADER_BYTES;
  return isThere ? readWalHeader(bytes) : undefined;
}

/** Frames before the first that is not whole, and the checksum they end with. */
interface WholeFrames {
  count: number;
  checksum: Checksum;
}

/** What SQLite reads: the frames whose checksums chain from the header on, up to a commit. */
function readCommitted(
  file: number,
  header: WalHeader,
  committed: Omit<WalScan, 'broken'>,
): WholeFrames {
  const open = new Map<number, LoggedPage>();
  const whole: WholeFrames = { count: 0, checksum: header.checksum };
  for (const { bytes, offset } of framesFrom(file, header.pageSize, 0)) {
    const frame = readFrame(bytes);
    const checksum = frameChecksum(bytes, whole.checksum, header.bigEndian);
    if (frame.salts !== header.salts || !isSame(frame.checksum, checksum)) break;
    whole.count += 1;
    whole.checksum = checksum;
    open.set(frame.pageNumber, { offset: offset + FRAME_HEADER_BYTES, crc: crc32(frame.page) });
    if (frame.pageCount === 0) continue;
    for (const [pageNumber, page] of open) committed.pages.set(pageNumber, page);
    open.clear();
    committed.frames = whole.count;
    committed.pageCount = frame.pageCount;
  }
  return whole;
}

/**
 * Whether frames written later follow the first that is not whole. Each commit is synced before the
 * next begins, so that a power cut leaves holes in the last transaction only. What a hole hides
 * cannot be chained over: a later frame is judged by going on from the checksum stored in the frame
 * before it. Frames of the damaged transaction itself may follow it; once its commit has passed,
 * one whole frame proves a later transaction.
 */
function goesOnBehind(file: number, header: WalHeader, whole: WholeFrames): boolean {
  let seeds: Checksum[] = [whole.checksum];
  let isOver = false;
  for (const { bytes, offset } of framesFrom(file, header.pageSize, whole.count)) {
    const frame = readFrame(bytes);
    const isOurs = frame.salts === header.salts;
    const sums = isOurs ? seeds.map((seed) => frameChecksum(bytes, seed, header.bigEndian)) : [];
    const isWhole = sums.some((sum) => isSame(sum, frame.checksum));
    if (isWhole && isOver) return true;
    if (isOurs && frame.pageCount > 0 && (isWhole || !mayBeTorn(offset))) isOver = true;
    seeds = [frame.checksum, ...sums];
  }
  return false;
}

/** Whether a sector ends between a frame's commit mark and its salts: the mark may then be an old one. */
function mayBeTorn(offset: number): boolean {
  return (offset + 8) % SECTOR_BYTES === 0;
}

/** A header is synced before the first frame is written: one that is broken above whole frames was damaged. */
function hasFramesAnyway(file: number, header: WalHeader): boolean {
  const sizes = isPageSize(header.pageSize) ? [header.pageSize] : PAGE_SIZES;
  return sizes.some((pageSize) =>
    [false, true].some((bigEndian) => {
      let seeds = [header.checksum, ...header.computed];
      for (const { bytes: frame } of framesFrom(file, pageSize, 0)) {
        const { checksum, pageNumber } = readFrame(frame);
        const sums = seeds.map((seed) => frameChecksum(frame, seed, bigEndian));
        // A page number of 0: zeros, which a power cut may leave, are no frame.
        if (pageNumber > 0 && sums.some((sum) => isSame(sum, checksum))) return true;
        seeds = [checksum];
      }
      return false;
    }),
  );
}

const PAGE_SIZES = [4096, 512, 1024, 2048, 8192, 16_384, 32_768, 65_536];

/** Every complete frame from number `first` (from 0) on; its bytes are overwritten by the next chunk. */
function* framesFrom(file: number, pageSize: number, first: number) {
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  const end = fstatSync(file).size;
  const chunk = Buffer.from(new ArrayBuffer(frameBytes * CHUNK_FRAMES));
  for (let at = WAL_HEADER_BYTES + first * frameBytes; at + frameBytes <= end; at += chunk.length) {
    const length = readSync(file, chunk, 0, chunk.length, at);
    for (let from = 0; from + frameBytes <= length; from += frameBytes) {
      yield { bytes: chunk.subarray(from, from + frameBytes), offset: at + from };
    }
  }
}
