// The scan of the log, on logs that SQLite wrote: what a power cut may do to one, and what not.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addChecksum, frameChecksum, type Checksum } from '../../../src/store/sqlite/wal-frames.ts';
import { scanWal } from '../../../src/store/sqlite/wal-scan.ts';

const HEADER = 32;
const FRAME = 24 + 4096;

let folder = '';
/** A log of several transactions of several frames each. */
let log: Buffer;
/** Number of the frame (from 0) that ends each transaction. */
let commits: number[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jobgate-wal-'));
  const path = join(folder, 'made.db');
  const sqlite = new Database(path);
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('wal_autocheckpoint = 0');
  sqlite.exec('create table t (x text)');
  for (let i = 0; i < 5; i += 1) {
    sqlite.transaction(() => {
      for (let n = 0; n < 4; n += 1)
        sqlite.prepare('insert into t values (?)').run(`${i}.${n} `.repeat(900));
    })();
  }
  copyFileSync(`${path}-wal`, join(folder, 'whole'));
  sqlite.close();
  log = readFileSync(join(folder, 'whole'));
  commits = frames(log)
    .filter((at) => log.readUInt32BE(at + 4) > 0)
    .map((at) => (at - HEADER) / FRAME);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Where each frame begins. */
function frames(bytes: Buffer): number[] {
  return Array.from(
    { length: Math.floor((bytes.length - HEADER) / FRAME) },
    (_, i) => HEADER + i * FRAME,
  );
}

const frameAt = (number: number) => HEADER + number * FRAME;

function scanBytes(bytes: Buffer) {
  const path = join(folder, 'scanned');
  writeFileSync(path, bytes);
  return scanWal(path);
}

function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(log);
  change(bytes);
  return bytes;
}

const flipped = (at: number) => changed((bytes) => (bytes[at]! ^= 0x10));

describe('a whole log', () => {
  it('is read to its last commit', () => {
    const { frames: count, pageCount, broken, pages } = scanBytes(log);
    expect({ count, broken }).toEqual({ count: commits.at(-1)! + 1, broken: false });
    expect(pageCount).toBe(log.readUInt32BE(frameAt(commits.at(-1)!) + 4));
    for (const { offset, crc } of pages.values()) {
      expect(crc32(log.subarray(offset, offset + 4096))).toBe(crc);
    }
    expect(commits.length).toBeGreaterThan(5);
    expect(commits.every((commit, i) => commit - (commits[i - 1] ?? -1) > 1)).toBe(true);
  });

  it('of the other byte order is read the same', () => {
    const swapped = inBigEndian(log);
    expect(scanBytes(swapped)).toMatchObject({ frames: commits.at(-1)! + 1, broken: false });
    const hurt = Buffer.from(swapped);
    hurt[frameAt(commits[1]!) + 100]! ^= 1;
    expect(scanBytes(hurt)).toMatchObject({ frames: commits[0]! + 1, broken: true });
  });

  it('that is not there, empty or less than a header is none', () => {
    expect(scanWal(join(folder, 'nowhere'))).toMatchObject({ frames: 0, broken: false });
    expect(scanBytes(Buffer.alloc(0))).toMatchObject({ frames: 0, broken: false });
    expect(scanBytes(log.subarray(0, 31))).toMatchObject({ frames: 0, broken: false });
    expect(scanBytes(Buffer.alloc(100_000))).toMatchObject({ frames: 0, broken: false });
  });
});

describe('what a power cut may leave', () => {
  it('any length of it: what is whole of it is read', () => {
    for (let length = 0; length < log.length; length += 1021) {
      const { frames: count, broken } = scanBytes(log.subarray(0, length));
      const whole = commits.findLast((commit) => frameAt(commit + 1) <= length);
      expect({ count, broken }).toEqual({ count: (whole ?? -1) + 1, broken: false });
    }
  });

  it('holes in its last transaction, sector by sector', () => {
    const before = commits.at(-2)!;
    for (let at = frameAt(before + 1); at < log.length; at += 512) {
      const sector = Math.floor(at / 512) * 512;
      const from = Math.max(sector, frameAt(before + 1));
      const scan = scanBytes(changed((bytes) => bytes.subarray(from, sector + 512).fill(0xee)));
      expect(scan).toMatchObject({ frames: before + 1, broken: false });
    }
  });

  it('frames of an earlier generation after its end', () => {
    const older = changed((bytes) => {
      for (const at of frames(bytes)) bytes.writeUInt32BE(bytes.readUInt32BE(at + 8) - 1, at + 8);
    });
    const end = frameAt(commits[2]! + 1);
    const both = Buffer.concat([log.subarray(0, end), older.subarray(end)]);
    expect(scanBytes(both)).toMatchObject({ frames: commits[2]! + 1, broken: false });
  });
});

describe('what no power cut leaves', () => {
  it('a bit flipped anywhere in a transaction before the last', () => {
    const last = frameAt(commits.at(-2)! + 1);
    for (let at = HEADER; at < last; at += 397) {
      expect({ at, broken: scanBytes(flipped(at)).broken }).toEqual({ at, broken: true });
    }
  });

  it('a bit flipped in any byte of a frame header there', () => {
    for (const number of [commits[0]! + 1, commits[1]!]) {
      for (let byte = 0; byte < 24; byte += 1) {
        const { broken } = scanBytes(flipped(frameAt(number) + byte));
        expect({ number, byte, broken }).toEqual({ number, byte, broken: true });
      }
    }
  });

  it('a bit flipped in its header, with as little as one frame after it', () => {
    for (let byte = 0; byte < HEADER; byte += 1) {
      expect({ byte, broken: scanBytes(flipped(byte)).broken }).toEqual({ byte, broken: true });
      // A wrong size hides where the only frame ends: no frame after it tells.
      if (byte >= 8 && byte < 12) continue;
      const single = flipped(byte).subarray(0, frameAt(1));
      expect({ byte, broken: scanBytes(single).broken }).toEqual({ byte, broken: true });
    }
  });

  it('a hole of several frames', () => {
    const from = frameAt(commits[0]! + 1);
    const scan = scanBytes(changed((bytes) => bytes.fill(0, from, from + 2 * FRAME)));
    expect(scan).toMatchObject({ frames: commits[0]! + 1, broken: true });
  });
});

/** The same log as a machine of the other byte order sums it. */
function inBigEndian(bytes: Buffer): Buffer {
  const swapped = Buffer.from(bytes);
  swapped.writeUInt32BE(0x377f0683, 0);
  let sum: Checksum = addChecksum(swapped.subarray(0, 24), [0, 0], true);
  writeSum(swapped, 24, sum);
  for (const at of frames(swapped)) {
    sum = frameChecksum(swapped.subarray(at, at + FRAME), sum, true);
    writeSum(swapped, at + 16, sum);
  }
  return swapped;
}

function writeSum(bytes: Buffer, at: number, [first, second]: Checksum): void {
  bytes.writeInt32BE(first, at);
  bytes.writeInt32BE(second, at + 4);
}
