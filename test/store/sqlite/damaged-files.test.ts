// Damaged files: whatever is flipped, cut or lost, a start serves what is right or stops with a line.
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JobgateError } from '../../../src/contract/errors.ts';
import type { JobStore } from '../../../src/store/job-store.ts';
import { StoreOpenError } from '../../../src/store/store-open-error.ts';
import { copyDatabase, FILES, openTestStore, submitSome, TENANT, workSome, type World } from './world.ts';

const DAMAGES = 200;
const seed = Math.floor(Math.random() * 2 ** 32);

let folder = '';
/** The same history twice: as a stop leaves it, and as a kill does, most of it in the log. */
const stopped = { path: '', world: new Map() as World };
const killed = { path: '', world: new Map() as World };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jobgate-damaged-'));
  const path = join(folder, 'made', 'jobgate.db');
  const store = openTestStoreIn(path);
  const world: World = new Map();
  await submitSome(store, world, 60);
  await workSome(store, world, 30);
  await store.checkpoint();
  await submitSome(store, world, 20);
  await workSome(store, world, 20);
  killed.path = copyDatabase(path, join(folder, 'killed'));
  killed.world = new Map(structuredClone([...world]));
  await store.close();
  stopped.path = copyDatabase(path, join(folder, 'stopped'));
  stopped.world = world;
});

afterAll(() => rmSync(folder, { recursive: true }));

function openTestStoreIn(path: string): JobStore {
  copyDatabase('', join(path, '..'));
  return openTestStore(path);
}

/** Mulberry32: the same numbers from the same seed. */
function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

type Random = ReturnType<typeof randomFrom>;

/** Each does one damage to the file and says which. */
const DAMAGE: ((file: string, random: Random) => string)[] = [
  function flip(file, random) {
    const bytes = readFileSync(file);
    const at = random(bytes.length);
    const bit = random(8);
    bytes[at]! ^= 1 << bit;
    writeFileSync(file, bytes);
    return `bit ${bit} of byte ${at} flipped`;
  },
  function truncate(file, random) {
    const length = random(readFileSync(file).length);
    truncateSync(file, length);
    return `cut to ${length} bytes`;
  },
  function cutOut(file, random) {
    const bytes = readFileSync(file);
    const from = random(bytes.length);
    const to = from + 1 + random(8192);
    writeFileSync(file, Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]));
    return `bytes ${from} to ${to} taken out`;
  },
  function blank(file, random) {
    const bytes = readFileSync(file);
    const from = random(bytes.length);
    const to = from + 1 + random(8192);
    bytes.subarray(from, to).fill(0);
    writeFileSync(file, bytes);
    return `bytes ${from} to ${to} blanked`;
  },
];

/** Flips are what is hardest to notice: half of all. */
function damage(file: string, random: Random): string {
  const kind = random(2) === 0 ? 0 : random(DAMAGE.length);
  return DAMAGE[kind]!(file, random);
}

/** The store, or why it did not open: one clear line and nothing else. */
function open(path: string): JobStore | StoreOpenError {
  try {
    return openTestStore(path);
  } catch (error) {
    expect(error).toBeInstanceOf(StoreOpenError);
    expect((error as StoreOpenError).message).toMatch(/^The database \S+ [^\n]+$/);
    return error as StoreOpenError;
  }
}

/** An answer, or undefined where the store says that it has none. */
async function answered<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    expect(error).toBeInstanceOf(JobgateError);
    return undefined;
  }
}

/** Every read is right, or refused. */
async function expectTruth(store: JobStore, world: World): Promise<void> {
  for (const [jobId, expected] of world) {
    const state = await answered(store.findState({ tenant: TENANT, jobId }).then((found) => found ?? null));
    if (state !== undefined) {
      expect(state).toMatchObject({ jobId, id: expected.id, status: expected.status });
      expect(state?.end?.result?.text ?? null).toBe(expected.result);
      expect(state?.end?.message ?? null).toBe(expected.message);
    }
    const job = await answered(store.find({ tenant: TENANT, jobId }).then((found) => found ?? null));
    if (job !== undefined) expect(job?.payload.text).toBe(expected.payload);
  }
  const statuses = await answered(store.findStatuses(TENANT, [...world.keys()]));
  if (statuses) {
    const expected = [...world].map(([jobId, { status }]) => [jobId, status]);
    expect(Object.fromEntries(statuses)).toEqual(Object.fromEntries(expected));
  }
  const waiting = [...world.values()].filter(({ status }) => status === 'queued').length;
  expect(await store.queueLength(TENANT)).toBe(waiting);
}

/** Damages a copy and opens it; resolves to the fault of a start that was refused. */
async function tryOne(of: typeof stopped, suffix: string, random: Random): Promise<string> {
  const path = copyDatabase(of.path, join(folder, 'damaged'));
  try {
    const what = damage(path + suffix, random);
    const store = open(path);
    if (store instanceof StoreOpenError) return store.fault;
    try {
      await expectTruth(store, of.world);
    } catch (error) {
      throw new Error(`after ${what} of jobgate.db${suffix} (seed ${seed}): ${String(error)}`, { cause: error });
    } finally {
      await store.close();
    }
    return 'served';
  } finally {
    rmSync(join(path, '..'), { recursive: true });
  }
}

describe(`seed ${seed}`, () => {
  const random = randomFrom(seed);
  const outcomes: Record<string, number> = {};

  it.each([
    ['the database after a stop', stopped, ''],
    ['the database after a kill', killed, ''],
    ['the log after a kill', killed, '-wal'],
  ] as const)('%s', async (_, of, suffix) => {
    for (let i = 0; i < Math.ceil(DAMAGES / 3); i += 1) {
      const outcome = await tryOne(of, suffix, random);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  });

  it('most of it was noticed as what it is', () => {
    expect(outcomes['corrupt']).toBeGreaterThan(DAMAGES / 2);
  });
});

describe('undamaged', () => {
  it.each([
    ['after a stop', stopped],
    ['after a kill', killed],
  ])('%s all of it is served', async (_, of) => {
    const path = copyDatabase(of.path, join(folder, 'whole'));
    const store = openTestStore(path);
    await expectTruth(store, of.world);
    await store.close();
    expect(FILES.filter((suffix) => existsSync(path + suffix))).toEqual(['', '.sums']);
    rmSync(join(path, '..'), { recursive: true });
  });
});
