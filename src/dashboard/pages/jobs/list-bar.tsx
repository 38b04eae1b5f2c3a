// The line above the table: what is shown, what is selected, and what became of a selection.
import { useLayoutEffect } from 'preact/hooks';
import { Icon } from '../../components/icon.tsx';
import { Link } from '../../components/link.tsx';
import type { JobSummary } from '../../gateway.ts';
import { countOf, useText } from '../../i18n/words.ts';
import { BulkActions, canSelectMatching } from './bulk-actions.tsx';
import { jobsHref, type JobFilters } from './filters.ts';
import type { Selection } from './use-selection.ts';

interface ListBarProps {
  filters: JobFilters;
  jobs: readonly JobSummary[];
  /** Undefined where the key may do nothing to jobs. */
  selection: Selection | undefined;
  hasMore: boolean;
  hasNewer: boolean;
  /** What became of those that were selected before. */
  outcome: string;
  onOutcome(outcome: string): void;
  onShowNewer(): void;
}

/** As high whatever it says, so that the table does not jump. */
export function ListBar({ filters, jobs, selection, ...props }: ListBarProps) {
  const t = useText('jobs');
  const { outcome, onOutcome } = props;
  const isSelecting = selection !== undefined && (selection.ids.length > 0 || selection.isMatching);
  useLayoutEffect(() => {
    if (isSelecting) onOutcome('');
  }, [isSelecting]);
  return (
    <div class="jobs-bar">
      {isSelecting ? (
        <Selected
          filters={filters}
          jobs={jobs}
          selection={selection}
          hasMore={props.hasMore}
          onDone={onOutcome}
        />
      ) : (
        <p class="quiet small" hidden={outcome !== ''}>
          {t(countOf('shown', jobs.length), { n: jobs.length })}
        </p>
      )}
      <p class="small" role="status">
        {outcome}
      </p>
      {filters.from !== undefined && (
        <Link class="button button-small" href={jobsHref({ ...filters, from: undefined })}>
          <Icon name="up" />
          {t('newest')}
        </Link>
      )}
      {props.hasNewer && (
        <button
          type="button"
          class="button button-small button-primary jobs-newer"
          onClick={props.onShowNewer}
        >
          <Icon name="up" />
          {t('newer')}
        </button>
      )}
    </div>
  );
}

interface SelectedProps extends Pick<ListBarProps, 'filters' | 'jobs' | 'hasMore'> {
  selection: Selection;
  onDone(outcome: string): void;
}

function Selected({ filters, jobs, selection, hasMore, onDone }: SelectedProps) {
  const t = useText('jobs');
  const { ids, isMatching, selectMatching, clear } = selection;
  const n = ids.length;
  const isAllShown = n === jobs.length && hasMore;
  return (
    <>
      <p class="small">{isMatching ? t('selected_matching') : t(countOf('selected', n), { n })}</p>
      {!isMatching && isAllShown && canSelectMatching(filters) && (
        <button type="button" class="link-button small" onClick={selectMatching}>
          {t('select_matching')}
        </button>
      )}
      <BulkActions filters={filters} jobs={jobs} selection={selection} onDone={onDone} />
      <button type="button" class="link-button small" onClick={clear}>
        {t('unselect')}
      </button>
    </>
  );
}
