// Places in the file: counted in the claim's own index, from its better end.
import { expect, it } from 'vitest';
import { plansOf } from './query-plans.ts';

it('those before a job are read from ranges of the claim’s index', async () => {
  const plans = await plansOf('select');
  const ranges = plans.filter(({ sql }) => /"priority" (>|=) \?/.test(sql));
  expect(ranges.map(({ steps }) => steps)).toEqual([
    ['SEARCH jobs USING COVERING INDEX jobs_claim (tenant=? AND endpoint=? AND priority>?)'],
    [
      expect.stringMatching(
        /^SEARCH jobs USING COVERING INDEX jobs_claim \(tenant=\? AND endpoint=\? AND priority=\?/,
      ),
    ],
  ]);
});
