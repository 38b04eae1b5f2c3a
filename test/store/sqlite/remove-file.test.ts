// Files beside the database: gone when they are not wanted, and no hindrance where nothing can go.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { removeFile } from '../../../src/store/sqlite/remove-file.ts';
import { mountFailingDisk } from '../../failing-disk.ts';
import { newJob, openTestStore, TENANT } from './world.ts';

const disk = mountFailingDisk(32 * 1024 * 1024);

afterAll(() => disk?.remove());

it.runIf(disk)('is gone, also when it was before; a folder is told', () => {
  const path = join(disk!.folder, 'file');
  writeFileSync(path, 'x');
  removeFile(path);
  expect(existsSync(path)).toBe(false);
  removeFile(path);
  expect(() => removeFile(disk!.folder)).toThrow(/EISDIR|EPERM/);
});

it.runIf(disk)(
  'stays on a file system that became read-only: the store closes, and keeps its jobs',
  async () => {
    const { folder, fail, mountAnew } = disk!;
    const path = join(folder, 'jobgate.db');
    const store = openTestStore(path);
    const [job] = await store.submit([newJob({})]);
    fail();
    await store.close();
    mountAnew();
    const again = openTestStore(path);
    const state = await again.findState({ tenant: TENANT, jobId: job!.jobId });
    await again.close();
    expect(state).toMatchObject({ status: 'queued' });
  },
);
