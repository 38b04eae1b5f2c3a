// The audit list: who did what and when, newest first, by filters that stand in the URL.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/preact-query';
import { DeedButton } from '../components/deed-button.tsx';
import { Icon } from '../components/icon.tsx';
import { Failure, Notice, Skeleton } from '../components/notice.tsx';
import { PageHeader } from '../components/page-header.tsx';
import { useText } from '../i18n/words.ts';
import { hrefOf, navigate, usePlace } from '../location.ts';
import { useSession } from '../session.ts';
import { AuditFilterBar } from './audit/audit-filter-bar.tsx';
import { inputOf, readFilters, searchOf } from './audit/audit-filters.ts';
import { AuditTable } from './audit/audit-table.tsx';
import './audit.css';

const PAGE_SIZE = 50;

export function AuditPage() {
  const t = useText('audit');
  const shared = useText('shell');
  const { gateway } = useSession();
  const filters = readFilters(usePlace().search);
  const list = useInfiniteQuery({
    queryKey: ['audit', filters],
    queryFn: ({ pageParam }) =>
      gateway.audit.list.query({
        ...inputOf(filters),
        limit: PAGE_SIZE,
        ...(pageParam !== null && { cursor: pageParam }),
      }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
    // Nothing tells that something was noted.
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  const known = useQuery({ queryKey: ['keys'], queryFn: () => gateway.keys.list.query() });
  const keys = known.data?.keys ?? [];
  const entries = list.data?.pages.flatMap((page) => page.entries) ?? [];
  const isFiltered = Object.keys(inputOf(filters)).length > 0;
  return (
    <>
      <PageHeader
        title={shared('audit')}
        lead={t('lead')}
        actions={
          <DeedButton isBusy={list.isFetching} onClick={() => void list.refetch()}>
            <Icon name="refresh" />
            {t('refresh')}
          </DeedButton>
        }
      />
      <AuditFilterBar
        filters={filters}
        keys={keys}
        onChange={(changed, options) => navigate(hrefOf('/audit', searchOf(changed)), options)}
      />
      {list.isPending && <Skeleton lines={10} />}
      {list.isError && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.data && entries.length === 0 && (
        <Nothing isFiltered={isFiltered} isOver={!list.hasNextPage} />
      )}
      {entries.length > 0 && (
        <AuditTable entries={entries} keys={keys} isStale={list.isPlaceholderData} />
      )}
      {list.hasNextPage && (
        <DeedButton
          class="button audit-more"
          isBusy={list.isFetching}
          onClick={() => void list.fetchNextPage()}
        >
          {t('more')}
        </DeedButton>
      )}
    </>
  );
}

/** One page looks through so many entries only, also where none fits. */
function Nothing({ isFiltered, isOver }: { isFiltered: boolean; isOver: boolean }) {
  const t = useText('audit');
  if (!isOver) return <Notice icon="search" title={t('no_match_so_far')} />;
  if (isFiltered) return <Notice icon="search" title={t('no_match')} />;
  return (
    <Notice icon="audit" title={t('empty')}>
      <p>{t('empty_hint')}</p>
    </Notice>
  );
}
