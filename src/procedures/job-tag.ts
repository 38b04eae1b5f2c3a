// The entity tag of a job: made from what changes when the job does, and read back from a caller's.
import type { JobState } from '../contract/job.ts';

/** Tells apart the versions of one job; `queuePosition` changes without one. Weak: estimates are not in it. */
export function jobTag(
  { jobId, version }: Pick<JobState, 'jobId' | 'version'>,
  { queuePosition }: { queuePosition: number | null },
): string {
  return `W/"${jobId}.${version}.${queuePosition ?? ''}"`;
}

const TAG = /"([0-9a-f-]{36})\.(\d{1,15})\.\d{0,15}"/g;

/** The latest version of the job that the caller has, by its If-None-Match; undefined for none. */
export function versionInTags(ifNoneMatch: string, jobId: string): number | undefined {
  const versions = [...ifNoneMatch.matchAll(TAG)]
    .filter(([, ofJob]) => ofJob === jobId)
    .map(([, , version]) => Number(version));
  return versions.length > 0 ? Math.max(...versions) : undefined;
}
