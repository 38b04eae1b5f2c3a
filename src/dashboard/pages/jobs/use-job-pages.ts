// The list's pages, read one by one; live while they are looked at from the top, still otherwise.
import { keepPreviousData, useInfiniteQuery, type InfiniteData } from '@tanstack/preact-query';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { JobEvent } from '../../../contract/job-event.ts';
import type { JobSummary, Outputs } from '../../gateway.ts';
import { connection } from '../../job-stream.ts';
import { latestEvent } from '../../live.ts';
import { nextPageRead, queries } from '../../queries.ts';
import { useSession } from '../../session.ts';
import { toListInput, type JobFilters } from './filters.ts';

const PAGE_SIZE = 50;

/** More rows would make the page slow: what is behind them is a list of its own. */
const MAX_PAGES = 10;

/** Pixels; as long as its rows are seen as they come. */
const AT_TOP = 160;

type Page = Outputs['jobs']['list'];

type Pages = InfiniteData<Page, string | undefined>;

/** `isHeld`: whether nothing may come or go now among these, as while some are selected. */
export function useJobPages(filters: JobFilters, isHeld: (jobIds: string[]) => boolean) {
  const { gateway } = useSession();
  const queryKey = ['jobs', filters];
  const isScrolled = useScrolled();
  const read = queries.getQueryData<Pages>(queryKey);
  const isStill = isScrolled || isHeld(idsOf(read));
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam: cursor }) =>
      gateway.jobs.list.query({ ...toListInput(filters), limit: PAGE_SIZE, cursor }),
    initialPageParam: filters.from,
    getNextPageParam: ({ next_cursor }: Page) => next_cursor,
    placeholderData: keepPreviousData,
    // Rows that move under the reader's eyes cannot be read. Those that are there stay live.
    enabled: !isStill || read === undefined,
  });
  const pages = query.data?.pages ?? [];
  const jobs = pages.flatMap((page) => page.jobs);
  useReadAfterBreak(query.refetch, filters);
  const hasNewer = useNewer(filters, isStill, jobs);
  const next = pages.at(-1)?.next_cursor ?? undefined;
  const isFull = pages.length >= MAX_PAGES;
  const showNewest = () => {
    scrollTo(0, 0);
    queries.setQueryData<typeof query.data>(queryKey, (list) => list && firstOf(list));
    void queries.invalidateQueries({ queryKey });
  };
  return { query, jobs, hasNewer, next, isFull, showNewest };
}

export type JobPages = ReturnType<typeof useJobPages>;

function idsOf(read: Pages | undefined): string[] {
  return read?.pages.flatMap(({ jobs }) => jobs.map(({ job_id }) => job_id)) ?? [];
}

function firstOf<List extends { pages: unknown[]; pageParams: unknown[] }>(list: List): List {
  const { pages, pageParams } = list;
  return { ...list, pages: pages.slice(0, 1), pageParams: pageParams.slice(0, 1) };
}

/** What became of the rows while the gateway was away, also where they are still. */
function useReadAfterBreak(refetch: () => Promise<unknown>, filters: JobFilters): void {
  useLayoutEffect(() => {
    let was = connection.get();
    return connection.subscribe(() => {
      const is = connection.get();
      if (was === 'offline' && is === 'live')
        void nextPageRead(['jobs', filters]).then(() => refetch());
      was = is;
    });
  }, [refetch, filters]);
}

function useScrolled(): boolean {
  const [isScrolled, setScrolled] = useState(scrollY > AT_TOP);
  useLayoutEffect(() => {
    const look = () => setScrolled(scrollY > AT_TOP);
    addEventListener('scroll', look, { passive: true });
    return () => removeEventListener('scroll', look);
  }, []);
  return isScrolled;
}

/** Whether jobs that may belong to the list came while it was still. */
function useNewer(filters: JobFilters, isStill: boolean, jobs: readonly JobSummary[]): boolean {
  const [hasNewer, setNewer] = useState(false);
  const shown = useRef(jobs);
  shown.current = jobs;
  useLayoutEffect(() => {
    setNewer(false);
    if (!isStill) return undefined;
    return latestEvent.subscribe(() => {
      const event = latestEvent.get();
      if (event && belongs(event, filters, shown.current)) setNewer(true);
    });
  }, [isStill, filters]);
  return hasNewer;
}

/** Whether the event may have brought its job into the list. */
function belongs(event: JobEvent, filters: JobFilters, shown: readonly JobSummary[]): boolean {
  const { job_id, kind, version, endpoint, job_status, at } = event;
  if (kind === 'progress' || kind === 'deleted' || filters.from !== undefined) return false;
  if (endpoint !== (filters.endpoint ?? endpoint) || at > (filters.until ?? at)) return false;
  if (filters.job_status === undefined) return version === 1;
  return job_status === filters.job_status && !shown.some((job) => job.job_id === job_id);
}
