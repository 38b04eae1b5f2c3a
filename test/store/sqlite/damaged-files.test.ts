// Damaged files: whatever is flipped, cut or lost, a start serves what is right or stops with a line.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobStore } from '../../../src/store/job-store.ts';
import { StoreOpenError } from '../../../src/store/store-open-error.ts';
import { damage, randomFrom, type Random } from './damage.ts';
import { copyDatabase, expectTruth, FILES, makeWorld, openTestStore, type World } from './world.ts';

const DAMAGES = 200;
const seed = Math.floor(Math.random() * 2 ** 32);

let folder = '';
/** The same history twice: as a stop leaves it, and as a kill does, most of it in the log. */
const stopped = { path: '', world: new Map() as World };
const killed = { path: '', world: new Map() as World };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jobgate-damaged-'));
  const { store, path, world } = await makeWorld(join(folder, 'made'));
  killed.path = copyDatabase(path, join(folder, 'killed'));
  killed.world = structuredClone(world);
  await store.close();
  stopped.path = copyDatabase(path, join(folder, 'stopped'));
  stopped.world = world;
});

afterAll(() => rmSync(folder, { recursive: true }));

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
      throw new Error(`after ${what} of jobgate.db${suffix} (seed ${seed}): ${String(error)}`, {
        cause: error,
      });
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
      expect(outcome).not.toBe('unusable');
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
