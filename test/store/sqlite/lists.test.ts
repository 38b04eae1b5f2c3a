// Lists in the file: every page from the index that its filter names.
import { expect, it } from 'vitest';
import { plansOf } from './query-plans.ts';

it('pages are read from an index, in order, with no sort', async () => {
  const pages = (await plansOf('select')).filter(({ sql }) =>
    /order by "jobs"\."created_at" desc/.test(sql),
  );
  const indexes = pages.map(({ steps }) => /INDEX (\w+)/.exec(steps[0] ?? '')?.[1] ?? '');
  expect(new Set(indexes)).toEqual(new Set(['jobs_by_caller_id', 'jobs_by_endpoint']));
  expect(
    pages.flatMap(({ steps }) => steps).filter((step) => /TEMP B-TREE|SCAN/.test(step)),
  ).toEqual([]);
});
