// The table of jobs; on a phone its rows are cards.
import { useRef } from 'preact/hooks';
import type { JobSummary } from '../../gateway.ts';
import { useText } from '../../i18n/words.ts';
import { JobRow } from './job-row.tsx';
import type { Selection } from './use-selection.ts';

interface JobTableProps {
  jobs: readonly JobSummary[];
  /** Undefined where nothing can be done to a selection. */
  selection: Selection | undefined;
  /** They are of other filters; those asked for are on their way. */
  isOld: boolean;
}

export function JobTable({ jobs, selection, isOld }: JobTableProps) {
  const t = useText('jobs');
  const toggle = useSteady(selection?.toggle);
  return (
    <div class="table-frame jobs-frame">
      <table class="table jobs-table" aria-busy={isOld} data-old={isOld || undefined}>
        <caption class="visually-hidden">{t('caption')}</caption>
        <thead>
          <tr>
            {selection && (
              <th class="jobs-pick" scope="col">
                <span class="visually-hidden">{t('column_pick')}</span>
                <SelectShown selection={selection} count={jobs.length} />
              </th>
            )}
            <th scope="col">{t('column_state')}</th>
            <th scope="col">{t('column_job')}</th>
            <th scope="col">{t('endpoint')}</th>
            <th scope="col">{t('column_progress')}</th>
            <th scope="col">{t('column_submitted')}</th>
            <th scope="col" class="number">
              {t('column_duration')}
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <JobRow
              key={job.job_id}
              job={job}
              isSelected={selection?.has(job.job_id) ?? false}
              onToggle={selection && toggle}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type Toggle = Selection['toggle'];

/** The same function for ever, so that rows are not drawn again for it. */
function useSteady(toggle: Toggle | undefined): Toggle {
  const latest = useRef(toggle);
  latest.current = toggle;
  return useRef<Toggle>((id, isRange) => latest.current?.(id, isRange)).current;
}

function SelectShown({ selection, count }: { selection: Selection; count: number }) {
  const t = useText('jobs');
  const { ids, isMatching, toggleAll } = selection;
  const isAll = isMatching || (count > 0 && ids.length === count);
  return (
    <label class="jobs-check">
      <input
        type="checkbox"
        aria-label={t('select_shown')}
        checked={isAll}
        indeterminate={ids.length > 0 && !isAll}
        onClick={toggleAll}
      />
    </label>
  );
}
