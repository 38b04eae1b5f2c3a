// The entity tag of a job: another for whatever changes, and its version read back.
import { expect, it } from 'vitest';
import { jobTag, versionInTags } from '../../src/procedures/job-tag.ts';

const A = 'e6d7f3c0-9c9f-4b8a-b7c3-f0e3c9f6b9d7';
const B = '00000000-0000-4000-8000-000000000000';

const tag = (jobId: string, version: number, queuePosition: number | null) =>
  jobTag({ jobId, version }, { queuePosition });

it('differs by job, version and place in the queue', () => {
  const tags = [tag(A, 1, null), tag(A, 1, 0), tag(A, 1, 1), tag(A, 2, 1), tag(B, 1, 1)];
  expect(new Set(tags).size).toBe(5);
  expect(tag(A, 12, 3)).toBe(tag(A, 12, 3));
  for (const one of tags) expect(one).toMatch(/^W\/"[\x21\x23-\x7e]+"$/);
});

it('tells the version that the caller has of this job', () => {
  expect(versionInTags(tag(A, 12, 3), A)).toBe(12);
  expect(versionInTags(`"x", ${tag(B, 9, null)}, ${tag(A, 2, 3)},${tag(A, 4, null)}`, A)).toBe(4);
  expect(versionInTags(tag(B, 9, null), A)).toBeUndefined();
  for (const none of ['', '*', `"${A}"`, `"${A}.x."`, A]) {
    expect(versionInTags(none, A)).toBeUndefined();
  }
});
