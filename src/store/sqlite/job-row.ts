// Between a row of `jobs` and the Job of the contract; what is damaged on the disk stops here.
import { crc32 } from 'node:zlib';
import { getTableColumns } from '../../../db/drizzle.ts';
import { jobs } from '../../../db/schema.ts';
import { JobgateError } from '../../contract/errors.ts';
import {
  JOB_STATUSES,
  type Job,
  type JobEnd,
  type JobState,
  type JobSummary,
  type Progress,
} from '../../contract/job.ts';
import { JsonText } from '../../contract/json-text.ts';

const { result: _result, resultCrc: _resultCrc, ...withoutResult } = getTableColumns(jobs);

/** Every column but the result: what a change of the job needs. */
export const rowColumns = withoutResult;

type FullRow = typeof jobs.$inferSelect;
export type JobRow = Omit<FullRow, 'result' | 'resultCrc'>;

/** What `JobState` is made of. */
export type StateRow = Pick<
  FullRow,
  | 'jobId'
  | 'tenant'
  | 'id'
  | 'endpoint'
  | 'status'
  | 'version'
  | 'workerPid'
  | 'createdAt'
  | 'runAt'
  | 'startedAt'
  | 'progress'
  | 'endCode'
  | 'endMessage'
  | 'endPid'
  | 'endTotalMs'
  | 'endRunMs'
  | 'endQueueLength'
  | 'endBuildNumber'
  | 'resultCrc'
  | 'result'
>;
type HeadRow = Omit<StateRow, 'result' | 'resultCrc'>;

export function toState(row: StateRow): JobState {
  const end = toEndWithResult(row);
  return { ...toHead(row), progress: end === null ? toProgress(row) : null, end };
}

function toHead(row: HeadRow): Omit<JobState, 'end' | 'progress'> {
  if (!JOB_STATUSES.includes(row.status)) throw damaged('state');
  return {
    jobId: row.jobId,
    tenant: row.tenant,
    id: row.id,
    endpoint: row.endpoint,
    status: row.status,
    version: row.version,
    workerPid: row.workerPid,
    createdAt: row.createdAt,
    runAt: row.runAt,
    startedAt: row.startedAt,
  };
}

export function toProgress({ progress }: Pick<StateRow, 'progress'>): Progress | null {
  return progress === null ? null : (JSON.parse(progress) as Progress);
}

function toEndWithResult(row: StateRow): JobEnd | null {
  const end = toEnd(row);
  if (end === null) return null;
  const result = row.result === null ? null : verified('result', row.result, row.resultCrc);
  return { ...end, result };
}

/** The CHECKs of the table hold that an ended job has all of these. */
export function toEnd(row: HeadRow): Omit<JobEnd, 'result'> | null {
  if (row.endCode === null) return null;
  return {
    code: row.endCode,
    message: row.endMessage ?? '',
    pid: row.endPid ?? 0,
    totalMs: row.endTotalMs ?? 0,
    runMs: row.endRunMs ?? 0,
    queueLength: row.endQueueLength ?? 0,
    buildNumber: row.endBuildNumber ?? '',
  };
}

export function toJob(row: FullRow, stored: { payload: string; crc: number } | null): Job {
  if (stored === null) throw damaged('payload');
  return {
    ...toSummary(row),
    payload: verified('payload', stored.payload, stored.crc),
    end: toEndWithResult(row),
  };
}

export function toSummary(row: JobRow): JobSummary {
  return {
    ...toHead(row),
    end: toEnd(row),
    progress: toProgress(row),
    attempt: row.attempt,
    maxAttempts: row.maxAttempts,
    lostLeases: row.lostLeases,
    maxLostLeases: row.maxLostLeases,
    maxRuntimeSeconds: row.maxRuntimeSeconds,
    retentionSeconds: row.retentionSeconds,
    fence: row.fence,
    workerId: row.workerId,
    priority: row.priority,
    cancelRequestedAt: row.cancelRequestedAt,
    endedAt: row.endedAt,
    expiresAt: row.expiresAt,
  };
}

/** The text, if it is still what was written. */
export function verified(what: 'payload' | 'result', text: string, crc: number | null): JsonText {
  if (crc32(text) !== crc) throw damaged(what);
  return new JsonText(text);
}

export function damaged(what: string): JobgateError {
  return new JobgateError('internal', `the stored ${what} of this job is damaged`);
}
