// The endpoints: how many jobs of each are in which state; each count is a link to them.
import { Link } from '../../components/link.tsx';
import { JOB_STATUSES, type JobStatus } from '../../../contract/job.ts';
import { formatNumber, useText } from '../../i18n/words.ts';
import { hrefOf } from '../../location.ts';
import { useBounded } from './bounded.tsx';
import type { Stats } from '../../readings.ts';

const MOST_SHOWN = 12;

type Counts = Stats['by_status'];

export function Endpoints({ stats }: { stats: Stats }) {
  const t = useText('overview');
  const shared = useText('shell');
  const { shown, more } = useBounded(busiestFirst(stats), MOST_SHOWN);
  // By name, so that no row moves while counts change.
  const rows = shown.toSorted(([a], [b]) => a.localeCompare(b));
  return (
    <div class="table-frame">
      <table class="table endpoints">
        <caption class="visually-hidden">{t('endpoints')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('endpoint')}</th>
            {JOB_STATUSES.map((state) => (
              <th key={state} scope="col" class="number">
                {shared(state)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([endpoint, counts]) => (
            <Row key={endpoint} endpoint={endpoint} counts={counts} />
          ))}
        </tbody>
      </table>
      {more}
    </div>
  );
}

function busiestFirst({ by_endpoint: counted }: Stats): [string, Counts][] {
  const busy = ({ queued, running }: Counts) => queued + running;
  return Object.entries(counted).sort(
    ([a, left], [b, right]) => busy(right) - busy(left) || a.localeCompare(b),
  );
}

function Row({ endpoint, counts }: { endpoint: string; counts: Counts }) {
  return (
    <tr>
      <th scope="row">
        <Link class="mono" href={hrefOf('/jobs', { endpoint })}>
          {endpoint}
        </Link>
      </th>
      {JOB_STATUSES.map((state) => (
        <td key={state} class="number">
          <Count endpoint={endpoint} state={state} count={counts[state]} />
        </td>
      ))}
    </tr>
  );
}

function Count({ endpoint, state, count }: { endpoint: string; state: JobStatus; count: number }) {
  const t = useText('shell');
  if (count === 0) return <span class="quiet">0</span>;
  const shown = formatNumber(count);
  return (
    <Link
      class="endpoint-count"
      href={hrefOf('/jobs', { endpoint, job_status: state })}
      label={`${shown} ${t(state)}, ${endpoint}`}
    >
      {shown}
    </Link>
  );
}
