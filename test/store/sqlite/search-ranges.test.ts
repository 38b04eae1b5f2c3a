// Searches in the file: every step reads a range of an index of ids, or jobs one by one; none sorts many.
import { expect, it } from 'vitest';
import { plansOf } from './query-plans.ts';

const OF_JOB_IDS = '(job_id>? AND job_id<?)';
const OF_CALLER_IDS = '(tenant=? AND id>? AND id<?)';

it.each([
  [
    'few are read from the range of one index, in its order',
    /from \(select .*\) "found" where/,
    [
      `SEARCH jobs USING INDEX jobs_job_id ${OF_JOB_IDS}`,
      `SEARCH jobs USING INDEX jobs_by_caller_id ${OF_CALLER_IDS}`,
    ],
  ],
  [
    'how many there are is counted in the index',
    /from \(select .*\) "counted"/,
    [
      `SEARCH jobs USING COVERING INDEX jobs_job_id ${OF_JOB_IDS}`,
      `SEARCH jobs USING COVERING INDEX jobs_by_caller_id ${OF_CALLER_IDS}`,
    ],
  ],
  [
    'of very many those on a step of the list are looked up one by one',
    /json_each.*substr/,
    [
      'SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)',
      'SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)',
    ],
  ],
  [
    'the least and the greatest of our ids are the ends of the range',
    /^select "job_id" from "jobs" where .* order by "jobs"\."job_id" (asc|desc) limit/,
    [
      `SEARCH jobs USING COVERING INDEX jobs_job_id ${OF_JOB_IDS}`,
      `SEARCH jobs USING COVERING INDEX jobs_job_id ${OF_JOB_IDS}`,
    ],
  ],
  [
    'imported jobs have an index of their own',
    /fence = 0 and status in/,
    [`SEARCH jobs USING INDEX jobs_imported ${OF_JOB_IDS}`],
  ],
  [
    'the times of callers’ ids are in their index, part by part and for one of them',
    /^select max\("created_at"\) from "jobs"/,
    [
      'SEARCH jobs USING COVERING INDEX jobs_by_caller_id (tenant=? AND id=? AND created_at<?)',
      `SEARCH jobs USING COVERING INDEX jobs_by_caller_id ${OF_CALLER_IDS}`,
    ],
  ],
  [
    'where the next part of them begins, too',
    /^select "id" from "jobs" where .* order by "jobs"\."id" asc limit/,
    [`SEARCH jobs USING COVERING INDEX jobs_by_caller_id ${OF_CALLER_IDS}`],
  ],
])('%s', async (_what, sql, expected) => {
  const plans = (await plansOf('select')).filter((plan) => sql.test(plan.sql));
  const steps = plans.flatMap((plan) => plan.steps.filter((step) => step.includes(' jobs ')));
  expect(steps).toEqual(expected);
});
