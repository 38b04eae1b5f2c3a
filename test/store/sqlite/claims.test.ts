// Claims in the file: read from their own index, in its order, however long the queue.
import { expect, it } from 'vitest';
import { plansOf } from './query-plans.ts';

it('a claim reads the waiting jobs from their index, in order, with no sort', async () => {
  const claims = (await plansOf('select')).filter(({ sql }) =>
    /order by .*priority.* desc, .*"seq"/i.test(sql),
  );
  expect(claims).toHaveLength(1);
  expect(claims[0]!.steps).toEqual([
    'SEARCH jobs USING COVERING INDEX jobs_claim (tenant=? AND endpoint=?)',
  ]);
  // SQLite would compile it anew at every claim.
  expect(claims[0]!.sql).not.toMatch(/(=|limit) \?/);
});
