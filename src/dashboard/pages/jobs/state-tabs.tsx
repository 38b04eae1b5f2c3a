// The states as tabs above the list, with how many jobs are in each.
import { JOB_STATUSES } from '../../../contract/job.ts';
import { Link } from '../../components/link.tsx';
import type { JobStatus } from '../../gateway.ts';
import { formatNumber, useText } from '../../i18n/words.ts';
import { useStats, type Stats } from '../../readings.ts';
import { jobsHref, withFilters, type JobFilters } from './filters.ts';

type Counts = Stats['by_status'];

export function StateTabs({ filters }: { filters: JobFilters }) {
  const t = useText('jobs');
  const shared = useText('shell');
  const counts = countsFor(filters, useStats().data);
  return (
    <nav class="jobs-states" aria-label={t('states')}>
      <Tab filters={filters} name={t('all')} count={counts && sumOf(counts)} />
      {JOB_STATUSES.map((state) => (
        <Tab
          key={state}
          filters={filters}
          state={state}
          name={shared(state)}
          count={counts?.[state]}
        />
      ))}
    </nav>
  );
}

interface TabProps {
  filters: JobFilters;
  state?: JobStatus;
  name: string;
  count: number | undefined;
}

function Tab({ filters, state, name, count }: TabProps) {
  return (
    <Link
      class="jobs-state"
      href={jobsHref(withFilters(filters, { job_status: state }))}
      current={filters.job_status === state}
    >
      {state && <span class="state-dot" data-state={state} aria-hidden="true" />}
      {name}
      {count !== undefined && <span class="jobs-count">{formatNumber(count)}</span>}
    </Link>
  );
}

/** Counted are all jobs and those of an endpoint; what else is filtered for is not. */
function countsFor(
  { endpoint, id, search, within, since, until }: JobFilters,
  stats: Stats | undefined,
): Counts | undefined {
  const isCounted = [id, search, within, since, until].every((value) => value === undefined);
  if (!stats || !isCounted) return undefined;
  return endpoint === undefined ? stats.by_status : (stats.by_endpoint[endpoint] ?? undefined);
}

function sumOf(counts: Counts): number {
  return JOB_STATUSES.reduce((sum, status) => sum + counts[status], 0);
}
