// The flat view of a job: its keys are those of its schema, in that order, whatever the job.
import { describe, expect, it } from 'vitest';
import { jobView } from '../../src/contract/job-view.ts';
import { JOB_STATUSES } from '../../src/contract/job.ts';

describe('the view', () => {
  const [example] = (jobView.meta()?.examples ?? []) as Record<string, unknown>[];

  it('has an example that is complete and in order', () => {
    expect(Object.keys(example ?? {})).toEqual(Object.keys(jobView.shape));
    expect(jobView.parse(example)).toEqual(example);
  });

  it.each(JOB_STATUSES)('knows %s', (job_status) => {
    expect(jobView.safeParse({ ...example, job_status }).success).toBe(true);
    expect(jobView.safeParse({ ...example, job_status: `${job_status}!` }).success).toBe(false);
  });

  it('needs every key', () => {
    for (const key of Object.keys(jobView.shape)) {
      const { [key]: left, ...rest } = example ?? {};
      expect({ key, left, valid: jobView.safeParse(rest).success }).toMatchObject({ valid: false });
    }
  });
});
