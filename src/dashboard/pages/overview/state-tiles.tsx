// How many jobs are in each state, each a link to them.
import { useId } from 'preact/hooks';
import { Link } from '../../components/link.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { JOB_STATUSES } from '../../../contract/job.ts';
import { formatNumber, useText } from '../../i18n/words.ts';
import { hrefOf } from '../../location.ts';
import type { Stats } from '../../readings.ts';

export function StateTiles({ stats }: { stats: Stats }) {
  const t = useText('overview');
  const titleId = useId();
  return (
    <section aria-labelledby={titleId}>
      <h2 id={titleId} class="visually-hidden">
        {t('by_state')}
      </h2>
      <ul class="state-tiles">
        {JOB_STATUSES.map((state) => (
          <li key={state}>
            <Link class="state-tile" href={hrefOf('/jobs', { job_status: state })}>
              <StateBadge state={state} />
              <span class="state-tile-count">{formatNumber(stats.by_status[state])}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
