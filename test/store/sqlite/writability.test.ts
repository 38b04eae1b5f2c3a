// Whether the store can be written: on disks that fail, fill up and heal, and at what price it is known.
import { join } from 'node:path';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import type { JobStoreOptions } from '../../../src/store/job-store.ts';
import { mountFailingDisk } from '../../failing-disk.ts';
import { HeldClock } from '../../held-clock.ts';
import { mountSmallDisk } from '../../small-disk.ts';
import { newJob, openTestStore } from './world.ts';

const MIB = 1024 * 1024;
const failing = mountFailingDisk(32 * MIB);
const small = mountSmallDisk(8 * MIB);

afterAll(() => {
  failing?.remove();
  small?.remove();
});

const refused = { code: 'unavailable', details: { retryAfterSeconds: 5 } };

function open(folder: string, options: Partial<JobStoreOptions> = {}) {
  const clock = new HeldClock();
  const store = openTestStore(join(folder, 'jobgate.db'), { clock, ...options });
  onTestFinished(() => store.close());
  return { store, clock };
}

it.runIf(small)(
  'is found out by a write at most every 10 s, which is counted as no commit',
  async () => {
    let commits = 0;
    const observer = {
      committed: () => void (commits += 1),
      claimAnswered: () => undefined,
      claimed: () => undefined,
      leaseLost: () => undefined,
    };
    const { store, clock } = open(small!.folder, { observer });
    const logBytes = async () => (await store.measure()).logBytes;
    const ask = async () => {
      const before = await logBytes();
      expect(await store.isWritable()).toBe(true);
      return (await logBytes()) - before;
    };
    expect(await ask()).toBeGreaterThan(0);
    clock.advance(9);
    expect(await ask()).toBe(0);
    clock.advance(1);
    expect(await ask()).toBeGreaterThan(0);
    expect(commits).toBe(0);

    clock.advance(10);
    await store.submit([newJob({})]);
    expect(await ask(), 'a commit has shown it').toBe(0);
    expect(commits).toBe(1);
  },
);

it.runIf(small)('is over when a commit is refused, and again with one that passes', async () => {
  const { fill, free, folder } = small!;
  const { store, clock } = open(folder);
  fill();
  let refusal: unknown;
  while (!refusal) {
    await store.submit([newJob({ text: 'x'.repeat(100_000) })]).catch((error) => (refusal = error));
  }
  expect(refusal).toMatchObject(refused);
  expect(await store.isWritable()).toBe(false);
  free();
  expect(await store.isWritable(), 'no sooner than it is tried again').toBe(false);
  clock.advance(10);
  expect(await store.isWritable()).toBe(true);
});

it.runIf(failing)(
  'is over on a file system that became read-only, though nobody writes',
  async () => {
    const { store, clock } = open(failing!.folder, { reserveBytes: MIB });
    expect(await store.isWritable()).toBe(true);
    failing!.fail();
    clock.advance(10);
    expect(await Promise.all([store.isWritable(), store.isWritable()])).toEqual([false, false]);
    await expect(store.submit([newJob({})])).rejects.toMatchObject(refused);
    clock.advance(10);
    expect(await store.isWritable()).toBe(false);
  },
);
