// Imports: jobs that ended elsewhere, kept as they are told, once.
import { crc32 } from 'node:zlib';
import { jobPayloads, jobs } from '../../../db/schema.ts';
import type { EndedJob, Imported, JobStore } from '../job-store.ts';
import type { Transaction } from './group-commit.ts';
import type { JobWriter } from './job-writer.ts';
import { lazily, param, type Session } from './session.ts';

/** What the worker got is not known. */
const NO_PAYLOAD = '{}';

/** Of an attempt that was not made here: what the schema asks for. */
const UNKNOWN_LIMITS = { maxAttempts: 1, maxLostLeases: 1, maxRuntimeSeconds: 3600 };

export function imports(session: Session, writer: JobWriter): Pick<JobStore, 'importEnded'> {
  const { options, commits } = session;
  const statements = lazily(() => prepareStatements(session));

  function importOne(tx: Transaction, job: EndedJob): Imported {
    const inserted = statements().insertJob.run(columnsOf(job));
    if (inserted.changes === 0) return writer.find(job) ? 'present' : 'taken';
    const seq = Number(inserted.lastInsertRowid);
    statements().insertPayload.run({ seq, crc: crc32(NO_PAYLOAD), payload: NO_PAYLOAD });
    const { tenant, jobId, endpoint, status, endedAt, end } = job;
    const row = { seq, tenant, jobId, endpoint, status, ready: 0, version: 1, attempt: 1 };
    session.counters.move(tx, null, row);
    const { code, message } = end;
    writer.announce(tx, { ...row, updatedAt: endedAt }, status, { code, message });
    return 'added';
  }

  function columnsOf({ end, ...job }: EndedJob) {
    const { retentionMs, clock, pid } = options;
    return {
      ...job,
      createdAt: job.endedAt - end.totalMs,
      startedAt: job.endedAt - end.runMs,
      expiresAt: retentionMs === 0 ? null : clock.now() + retentionMs,
      endCode: end.code,
      endMessage: end.message,
      endPid: end.pid ?? pid,
      endTotalMs: end.totalMs,
      endRunMs: end.runMs,
      endQueueLength: end.queueLength,
      endBuildNumber: end.buildNumber,
      result: end.result?.text ?? null,
      resultCrc: end.result === null ? null : crc32(end.result.text),
    };
  }

  return {
    importEnded: (ended) => commits.runNewWork((tx) => ended.map((job) => importOne(tx, job))),
  };
}

function prepareStatements({ orm }: Session) {
  return {
    insertJob: orm
      .insert(jobs)
      .values({
        jobId: param('jobId'),
        tenant: param('tenant'),
        id: param('id'),
        endpoint: param('endpoint'),
        status: param('status'),
        ready: 0,
        version: 1,
        priority: 0,
        runAt: param('createdAt'),
        attempt: 1,
        lostLeases: 0,
        ...UNKNOWN_LIMITS,
        fence: 0,
        workerPid: param('workerPid'),
        createdAt: param('createdAt'),
        updatedAt: param('endedAt'),
        startedAt: param('startedAt'),
        endedAt: param('endedAt'),
        expiresAt: param('expiresAt'),
        endCode: param('endCode'),
        endMessage: param('endMessage'),
        endPid: param('endPid'),
        endTotalMs: param('endTotalMs'),
        endRunMs: param('endRunMs'),
        endQueueLength: param('endQueueLength'),
        endBuildNumber: param('endBuildNumber'),
        resultCrc: param('resultCrc'),
        result: param('result'),
      })
      .onConflictDoNothing({ target: jobs.jobId })
      .prepare(),
    insertPayload: orm
      .insert(jobPayloads)
      .values({ seq: param('seq'), crc: param('crc'), payload: param('payload') })
      .prepare(),
  };
}
