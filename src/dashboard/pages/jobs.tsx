// The jobs: filters that the URL keeps, and the list page by page, live.
import { useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { DeedButton } from '../components/deed-button.tsx';
import { Link } from '../components/link.tsx';
import { Failure, Notice, Skeleton } from '../components/notice.tsx';
import { PageHeader } from '../components/page-header.tsx';
import { useText } from '../i18n/words.ts';
import { usePlace } from '../location.ts';
import { useMay } from '../session.ts';
import { ClearFilters, FilterBar } from './jobs/filter-bar.tsx';
import { isFiltered, jobsHref, readFilters, type JobFilters } from './jobs/filters.ts';
import { JobTable } from './jobs/job-table.tsx';
import { ListBar } from './jobs/list-bar.tsx';
import { StateTabs } from './jobs/state-tabs.tsx';
import { useJobPages, type JobPages } from './jobs/use-job-pages.ts';
import { useSelection } from './jobs/use-selection.ts';
import './jobs.css';

export function JobsPage() {
  const t = useText('jobs');
  const { search } = usePlace();
  const filters = useMemo(() => readFilters(search), [search]);
  return (
    <>
      <PageHeader title={t('title')} />
      <div class="jobs-choice">
        <StateTabs filters={filters} />
        <FilterBar filters={filters} />
      </div>
      <JobList filters={filters} />
    </>
  );
}

function JobList({ filters }: { filters: JobFilters }) {
  const t = useText('jobs');
  const maySubmit = useMay('submit');
  const select = useSelection(filters);
  // Here, as the list may be empty after it.
  const [outcome, setOutcome] = useState('');
  useLayoutEffect(() => setOutcome(''), [filters]);
  const pages = useJobPages(filters, select.isAny);
  const { query, jobs } = pages;
  const isOld = query.isPlaceholderData;
  if (query.data === undefined) return <Unread filters={filters} query={query} />;
  if (jobs.length === 0 && isOld) return <Skeleton lines={12} />;
  if (jobs.length === 0) {
    return (
      <>
        <p class="small" role="status">
          {outcome}
        </p>
        <Empty filters={filters} pages={pages} />
      </>
    );
  }
  const all = select.among(jobs.map(({ job_id }) => job_id));
  const selection = maySubmit ? all : undefined;
  return (
    <section class="jobs-list" aria-label={t('title')}>
      <ListBar
        filters={filters}
        jobs={jobs}
        selection={selection}
        hasMore={pages.next !== undefined}
        hasNewer={pages.hasNewer}
        outcome={outcome}
        onOutcome={setOutcome}
        onShowNewer={() => {
          all.clear();
          pages.showNewest();
        }}
      />
      <JobTable jobs={jobs} selection={selection} isOld={isOld} />
      <More filters={filters} pages={pages} />
    </section>
  );
}

interface UnreadProps {
  filters: JobFilters;
  query: JobPages['query'];
}

/** On its way, or refused, as what is no endpoint is. */
function Unread({ filters, query }: UnreadProps) {
  if (!query.error) return <Skeleton lines={12} />;
  return (
    <div class="card">
      <Failure error={query.error} onRetry={() => void query.refetch()} />
      {isFiltered(filters) && (
        <div class="jobs-foot">
          <ClearFilters />
        </div>
      )}
    </div>
  );
}

interface ListProps {
  filters: JobFilters;
  pages: JobPages;
}

function Empty({ filters, pages }: ListProps) {
  const t = useText('jobs');
  const maySubmit = useMay('submit');
  // One page of a search looks through so many jobs only, also where none fits.
  if (pages.next !== undefined) {
    return (
      <div class="card">
        <Notice icon="search" title={t('none_so_far')}>
          <More filters={filters} pages={pages} />
        </Notice>
      </div>
    );
  }
  if (isFiltered(filters) || filters.from !== undefined) {
    return (
      <div class="card">
        <Notice icon="search" title={t('none_title')}>
          <p>{t('none_hint')}</p>
          <ClearFilters />
        </Notice>
      </div>
    );
  }
  return (
    <div class="card">
      <Notice title={t('empty_title')}>
        <p>{t(maySubmit ? 'empty_hint' : 'empty_hint_read')}</p>
        {maySubmit && (
          <Link class="button button-primary" href="/try">
            {t('try_it')}
          </Link>
        )}
      </Notice>
    </div>
  );
}

function More({ filters, pages }: ListProps) {
  const t = useText('jobs');
  const shared = useText('shell');
  const { query, next, isFull } = pages;
  return (
    <div class="jobs-foot" data-takes-focus>
      {query.isFetchNextPageError && (
        <p class="fault" role="alert">
          {t('more_failed')}
        </p>
      )}
      {next === undefined ? (
        <p class="quiet small">{t('is_all')}</p>
      ) : isFull ? (
        <Link class="button" href={jobsHref({ ...filters, from: next })}>
          {t('older')}
        </Link>
      ) : (
        <DeedButton isBusy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {query.isFetchingNextPage ? shared('loading') : t('more')}
        </DeedButton>
      )}
    </div>
  );
}
