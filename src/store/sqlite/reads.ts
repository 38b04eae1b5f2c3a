// The reads: none writes, and the hot ones are one prepared statement on an index.
import { and, asc, eq } from '../../../db/drizzle.ts';
import { attempts, jobPayloads, jobs } from '../../../db/schema.ts';
import type { JobStore } from '../job-store.ts';
import { prepareFindState } from './find-state.ts';
import { toJob } from './job-row.ts';
import { lazily, param, read, type Session } from './session.ts';

type Reads = Pick<
  JobStore,
  | 'findState'
  | 'find'
  | 'listAttempts'
  | 'queueLength'
  | 'countByStatus'
  | 'endpointLoad'
  | 'listActivity'
>;

export function reads(session: Session): Reads {
  const statements = lazily(() => prepareStatements(session));
  const findState = lazily(() => prepareFindState(session));
  return {
    findState: (ref) => read(() => findState()(ref)),

    find: ({ tenant, jobId }) =>
      read(() => {
        const row = statements().full.get({ tenant, jobId });
        return row && toJob(row.jobs, row.job_payloads);
      }),

    listAttempts: ({ tenant, jobId }) => read(() => statements().attempts.all({ tenant, jobId })),

    queueLength: (tenant) => read(() => session.counters.queueLength(tenant)),

    countByStatus: (tenant) => read(() => session.counters.list(tenant)),

    endpointLoad: (tenant, endpoint) =>
      read(() => ({
        running: session.counters.running(tenant, endpoint),
        ...session.activity.recent(tenant, endpoint, session.options.clock.now()),
      })),

    listActivity: (tenant, since) => read(() => session.activity.list(tenant, since)),
  };
}

function prepareStatements({ orm }: Session) {
  const isAsked = and(eq(jobs.jobId, param('jobId')), eq(jobs.tenant, param('tenant')));
  return {
    full: orm
      .select()
      .from(jobs)
      .leftJoin(jobPayloads, eq(jobPayloads.seq, jobs.seq))
      .where(isAsked)
      .prepare(),
    attempts: orm
      .select({
        fence: attempts.fence,
        workerId: attempts.workerId,
        workerPid: attempts.workerPid,
        startedAt: attempts.startedAt,
        endedAt: attempts.endedAt,
        outcome: attempts.outcome,
        message: attempts.message,
      })
      .from(attempts)
      .innerJoin(jobs, eq(jobs.seq, attempts.jobSeq))
      .where(isAsked)
      .orderBy(asc(attempts.fence))
      .prepare(),
  };
}
