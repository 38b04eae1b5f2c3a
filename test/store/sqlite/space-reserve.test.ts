// The space reserve: on the disk while it is whole, gone when it is spent, back when there is room.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { SpaceReserve } from '../../../src/store/sqlite/space-reserve.ts';
import { mountFailingDisk } from '../../failing-disk.ts';

const BYTES = 3 * 1024 * 1024 + 5;

let folder = '';
let database = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jobgate-reserve-'));
  database = join(folder, 'jobgate.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

const path = () => SpaceReserve.pathOf(database);

it('takes its room, not only its length', () => {
  expect(new SpaceReserve(database, BYTES).isWhole).toBe(true);
  const { size, blocks } = statSync(path());
  expect(size).toBe(BYTES);
  expect(blocks * 512).toBeGreaterThanOrEqual(BYTES);
});

it('is spent once, and written again', () => {
  const reserve = new SpaceReserve(database, BYTES);
  expect(reserve.spend()).toBe(true);
  expect({ isWhole: reserve.isWhole, isThere: existsSync(path()) }).toEqual({
    isWhole: false,
    isThere: false,
  });
  expect(reserve.spend()).toBe(false);
  reserve.refill();
  expect({ isWhole: reserve.isWhole, isThere: existsSync(path()) }).toEqual({
    isWhole: true,
    isThere: true,
  });
});

it('of another size is made anew, and one of the same is kept', () => {
  const first = new SpaceReserve(database, BYTES);
  const { ino, mtimeMs } = statSync(path());
  expect(new SpaceReserve(database, BYTES).isWhole).toBe(first.isWhole);
  expect(statSync(path())).toMatchObject({ ino, mtimeMs });
  expect(new SpaceReserve(database, 1000).isWhole).toBe(true);
  expect(statSync(path()).size).toBe(1000);
});

it('that the disk has no room for is none: no new work', () => {
  const reserve = new SpaceReserve(database, 2 ** 50);
  expect({ isWhole: reserve.isWhole, isThere: existsSync(path()) }).toEqual({
    isWhole: false,
    isThere: false,
  });
});

it('of 0 bytes is always whole and never there', () => {
  const reserve = new SpaceReserve(database, 0);
  expect({ isWhole: reserve.isWhole, spent: reserve.spend() }).toEqual({
    isWhole: true,
    spent: false,
  });
  expect(existsSync(path())).toBe(false);
});

it('is given up for a start', () => {
  expect(SpaceReserve.giveUp(database)).toBe(false);
  expect(new SpaceReserve(database, 1000).isWhole).toBe(true);
  expect(SpaceReserve.giveUp(database)).toBe(true);
  expect(existsSync(path())).toBe(false);
});

const disk = mountFailingDisk(32 * 1024 * 1024);

afterAll(() => disk?.remove());

it.runIf(disk)('is not spent on a disk that became read-only', () => {
  const onDisk = join(disk!.folder, 'jobgate.db');
  const reserve = new SpaceReserve(onDisk, BYTES);
  disk!.fail();
  expect(reserve.spend()).toBe(false);
  expect(reserve.isWhole).toBe(true);
  expect(existsSync(SpaceReserve.pathOf(onDisk))).toBe(true);
});
