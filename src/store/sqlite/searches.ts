// Searches: jobs whose id, ours or the caller's, begins with a text; newest first, in bounded time.
import type { JobFilter } from '../job-store.ts';
import {
  BY_POSITION,
  cutPage,
  LAST_SEQ,
  type ListPosition,
  type PageOfPositions,
} from './list-position.ts';
import { callerIds, ourIds, type RangeQuery, type SearchRange } from './search-ranges.ts';
import type { Session } from './session.ts';

/** Ids that begin with the text: up to so many are all read, some milliseconds. */
const MOST_READ = 10_000;

/** Where there are more: jobs of the list looked at in one step, and on one page. */
const STEP = 1000;
const MOST_WALKED = 3000;

export interface Search extends RangeQuery {
  limit: number;
}

/** The newest jobs of a filter behind a position. */
type FindNewest = (filter: JobFilter, behind: ListPosition, limit: number) => ListPosition[];

/** What was found in one range, newest first. */
interface Part {
  positions: ListPosition[];
  /** What is older was not looked at; null when all was. */
  end: ListPosition | null;
}

/**
 * No index has the ids that begin with a text in the order of their time. Where they are few they are
 * all read from the range of their index and sorted. Where they are many, as with the first digits
 * that all of our ids share, the list itself is walked and others are left out; where a step of it has
 * none, it goes on, once a page, at the latest that the range may have. A page that is not full by then
 * ends early, and its cursor goes on from there.
 */
export function prepareSearch(session: Session, findNewest: FindNewest) {
  const ranges = [ourIds(session), callerIds(session)];

  function readAll(range: SearchRange, search: Search): Part {
    const positions = range.readAll(search, MOST_READ, search.limit + 1);
    return { positions, end: positions.length > search.limit ? (positions.at(-1) ?? null) : null };
  }

  async function walk(range: SearchRange, search: Search): Promise<Part> {
    const { filter, behind, limit } = search;
    const positions: ListPosition[] = [];
    let end = behind;
    let hasJumped = false;
    for (let walked = 0; walked < MOST_WALKED && positions.length <= limit; walked += STEP) {
      const step = findNewest(filter, end, STEP);
      const fitting = range.keepFitting(search, step);
      positions.push(...fitting);
      if (step.length < STEP) return { positions, end: null };
      end = step.at(-1) ?? end;
      if (fitting.length > 0 || hasJumped) continue;
      const latest = await range.findLatest(search, end.createdAt);
      if (latest === 'none') return { positions, end: null };
      hasJumped = true;
      if (latest < end.createdAt) end = { createdAt: latest, seq: LAST_SEQ };
    }
    return { positions, end };
  }

  return async (search: Search): Promise<PageOfPositions> => {
    const parts: Part[] = [];
    for (const range of ranges) {
      const isFew = range.isWithin(search, MOST_READ);
      parts.push(isFew ? readAll(range, search) : await walk(range, search));
    }
    return mergeParts(parts, search.limit);
  };
}

/** Of what is older than the end of any part it is not known what the page should have. */
function mergeParts(parts: readonly Part[], limit: number): PageOfPositions {
  const { byNewest } = BY_POSITION;
  const [end = null] = parts.flatMap((part) => part.end ?? []).sort(byNewest);
  const all = parts.flatMap(({ positions }) => positions);
  const distinct = [...new Map(all.map((position) => [position.seq, position])).values()];
  const known = distinct.filter((position) => end === null || byNewest(position, end) <= 0);
  const page = cutPage(known.sort(byNewest), limit);
  return page.next === null ? { ...page, next: end } : page;
}
