// What events say of jobs that are shown: put into what was read of them, before it is read again.
import type { JobEvent } from '../contract/job-event.ts';
import type { JobDetail, JobSummary, Outputs } from './gateway.ts';
import { endOfReading, queries, readAgain } from './queries.ts';

interface JobList {
  pages: Outputs['jobs']['list'][];
}

/** What the events say by themselves is shown at once; the rest is read. */
export function patchJobs(events: readonly JobEvent[]): void {
  const byJob = Map.groupBy(events, ({ job_id }) => job_id);
  patchLists(byJob);
  for (const [jobId, own] of byJob) void patchJob(jobId, own);
}

/** Also once more what a reading under way puts in their place: it may be of before the events. */
function patchLists(byJob: Map<string, JobEvent[]>): void {
  const patch = (list?: JobList) => list && patchList(list, byJob);
  for (const query of queries.getQueryCache().findAll({ queryKey: ['jobs'] })) {
    const isRead = query.state.fetchStatus === 'fetching' ? endOfReading(query) : undefined;
    queries.setQueryData<JobList>(query.queryKey, patch);
    void isRead?.then(() => queries.setQueryData<JobList>(query.queryKey, patch));
  }
}

/** Undefined where it stays as it is. */
function patchList(list: JobList, byJob: Map<string, JobEvent[]>): JobList | undefined {
  const isAbout = ({ jobs }: JobList['pages'][number]) =>
    jobs.some(({ job_id }) => byJob.has(job_id));
  if (!list.pages.some(isAbout)) return undefined;
  const pages = list.pages.map((page) => {
    if (!isAbout(page)) return page;
    const jobs = page.jobs.flatMap((job) => {
      const own = byJob.get(job.job_id) ?? [];
      return own.some(({ kind }) => kind === 'deleted') ? [] : [own.reduce(changed, job)];
    });
    return { ...page, jobs };
  });
  return { ...list, pages };
}

async function patchJob(jobId: string, events: readonly JobEvent[]): Promise<void> {
  const queryKey = ['job', jobId];
  const known = queries.getQueryData<JobDetail>(queryKey);
  const isOutdated = queries.getQueryState(queryKey)?.isInvalidated ?? false;
  // Where it waits, and until when, only the gateway knows.
  const isTold = events.every(({ kind }) => kind !== 'deleted' && kind !== 'queued');
  if (known && isTold) queries.setQueryData(queryKey, events.reduce(changed, known));
  if (known && events.every(({ kind }) => kind === 'progress')) {
    await patchAnswer(queryKey, events);
    // What was put into it made it count as read just now.
    if (isOutdated) await queries.invalidateQueries({ queryKey, refetchType: 'none' });
    return;
  }
  await Promise.all([readAgain(['deliveries', jobId]), readAgain(queryKey)]);
}

/** One that is under way may be of before the events, and nothing is read after it. */
async function patchAnswer(queryKey: string[], events: readonly JobEvent[]): Promise<void> {
  if (queries.isFetching({ queryKey }) === 0) return;
  await queries.refetchQueries({ queryKey }, { cancelRefetch: false });
  queries.setQueryData<JobDetail>(queryKey, (job) => job && events.reduce(changed, job));
}

function changed<Job extends JobSummary | JobDetail>(job: Job, event: JobEvent): Job {
  if (event.version < job.version) return job;
  const { job_status, version, attempt } = event;
  return { ...job, job_status, version, attempt, ...told(event) };
}

/** What an event says beyond the state. */
function told({ kind, at, data }: JobEvent): Partial<JobSummary> {
  const { progress, worker_id, code, message } = data as {
    progress?: JobSummary['progress'];
    worker_id?: string;
    code?: number;
    message?: string;
  };
  const notEnded = { ended_at: null, expires_at: null, code: null, error: null };
  switch (kind) {
    case 'queued':
      return { ...notEnded, cancel_requested: false };
    case 'running':
      return { started_at: at, worker_id: worker_id ?? null, progress: null };
    case 'progress':
      return progress === undefined ? {} : { progress };
    case 'cancel_requested':
      return { cancel_requested: true };
    case 'done':
    case 'failed':
    case 'cancelled':
      return {
        ended_at: at,
        code: code ?? null,
        error: kind === 'done' ? null : (message ?? null),
      };
    case 'deleted':
    default:
      return {};
  }
}
