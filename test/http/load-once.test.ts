// What is loaded once: by whom, and what becomes of a failure.
import { expect, it } from 'vitest';
import { loadOnce } from '../../src/http/load-once.ts';

it('is loaded when it is first wanted, for all who want it', async () => {
  let loads = 0;
  const load = loadOnce(async () => (loads += 1));
  expect(loads).toBe(0);
  expect(await Promise.all([load(), load()])).toEqual([1, 1]);
  expect(await load()).toBe(1);
});

it('is loaded again after it failed', async () => {
  let loads = 0;
  const load = loadOnce(async () => {
    loads += 1;
    if (loads === 1) throw new Error('EMFILE');
    return loads;
  });
  expect(await Promise.allSettled([load(), load()])).toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
  ]);
  expect(await load()).toBe(2);
});
