// The filters of the jobs page: what its URL says, and what the gateway is asked for it.
import { JOB_STATUSES } from '../../../contract/job.ts';
import type { Inputs, JobStatus } from '../../gateway.ts';
import { hrefOf } from '../../location.ts';

/** Lengths of time up to now, milliseconds. In the URL, so that a link kept means the last hour for ever. */
export const PERIODS = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const;

export type Period = keyof typeof PERIODS;

export interface JobFilters {
  job_status?: JobStatus | undefined;
  endpoint?: string | undefined;
  /** The caller's own id, exactly. */
  id?: string | undefined;
  /** How the job's id or the caller's begins. */
  search?: string | undefined;
  within?: Period | undefined;
  /** Epoch milliseconds, as `until`. */
  since?: number | undefined;
  until?: number | undefined;
  /** Where the list begins, when not at the newest: a cursor of jobs.list. */
  from?: string | undefined;
}

/** What means nothing is left out. */
export function readFilters(search: URLSearchParams): JobFilters {
  const text = (name: string) => search.get(name) || undefined;
  return {
    job_status: JOB_STATUSES.find((status) => status === text('job_status')),
    endpoint: text('endpoint'),
    id: text('id'),
    search: text('search'),
    within: (Object.keys(PERIODS) as Period[]).find((period) => period === text('within')),
    since: readTime(text('since')),
    until: readTime(text('until')),
    from: text('from'),
  };
}

function readTime(text: string | undefined): number | undefined {
  return text && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

export function jobsHref({ since, until, ...filters }: JobFilters): string {
  const times = { since: since?.toString(), until: until?.toString() };
  return hrefOf('/jobs', { ...filters, ...times });
}

/** Another filter begins at the newest job again. */
export function withFilters(filters: JobFilters, changes: JobFilters): JobFilters {
  return { ...filters, from: undefined, ...changes };
}

/** Whether there may be more jobs without the filters. */
export function isFiltered({ from: _from, ...filters }: JobFilters): boolean {
  return Object.values(filters).some((value) => value !== undefined);
}

/** Those that the calls for many jobs take too, now. */
export function toSelection({
  job_status: _status,
  search: _search,
  from: _from,
  within,
  since,
  ...same
}: JobFilters): Omit<Inputs['jobs']['cancel'], 'job_status'> {
  return { ...same, since: within ? Date.now() - PERIODS[within] : since };
}

export function toListInput(filters: JobFilters): Inputs['jobs']['list'] {
  const { job_status, search } = filters;
  return { ...toSelection(filters), job_status, search };
}
