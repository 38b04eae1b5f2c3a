// The overview: what is running, what waits and why, and how it went in the last hour; all of it live.
import { Failure } from '../components/notice.tsx';
import { Link } from '../components/link.tsx';
import { PageHeader } from '../components/page-header.tsx';
import { useText } from '../i18n/words.ts';
import { useMay } from '../session.ts';
import { RunTimes, Throughput } from './overview/charts.tsx';
import { Endpoints } from './overview/endpoints.tsx';
import { FirstSteps } from './overview/first-steps.tsx';
import { QueueFacts } from './overview/queue-facts.tsx';
import {
  useActivity,
  useStats,
  useWebhookFailures,
  useWorkers,
  type Activity,
  type FailedDeliveries,
  type Stats,
  type Workers,
} from '../readings.ts';
import { Await, Section, type Reading } from './overview/section.tsx';
import { StateTiles } from './overview/state-tiles.tsx';
import { WebhookFailures } from './overview/webhook-failures.tsx';
import { WorkerList } from './overview/worker-list.tsx';
import './overview.css';

/** Failed webhooks are counted up to here. */
const COUNTED = 1000;

export function OverviewPage() {
  const t = useText('overview');
  const shared = useText('shell');
  const maySubmit = useMay('submit');
  const submit = (
    <Link class="button" href="/try">
      {t('submit')}
    </Link>
  );
  return (
    <>
      <PageHeader title={shared('overview')} actions={maySubmit && submit} />
      <Readings />
    </>
  );
}

/** All are asked for at once, so that they come together. */
function Readings() {
  const stats = useStats();
  const activity = useActivity();
  const workers = useWorkers();
  const failures = useWebhookFailures();
  if (stats.data && isNew(stats.data)) {
    return <FirstSteps hasWorker={(workers.data?.workers.length ?? 0) > 0} />;
  }
  if (stats.data) {
    return (
      <>
        <StateTiles stats={stats.data} />
        <QueueFacts stats={stats.data} />
        <Charts activity={activity} />
        <Lists stats={stats.data} workers={workers} failures={failures} />
      </>
    );
  }
  if (stats.error) return <Failure error={stats.error} onRetry={() => void stats.refetch()} />;
  return <Awaited />;
}

/** Nothing was submitted yet, or all of it is over and removed. */
function isNew({ by_status: counts, throughput }: Stats): boolean {
  return throughput.length === 0 && Object.values(counts).every((count) => count === 0);
}

function Charts({ activity }: { activity: Reading<Activity> }) {
  return (
    <div class="charts">
      <Await reading={activity} lines={8}>
        {(read) => (
          <>
            <Throughput activity={read} />
            <RunTimes activity={read} />
          </>
        )}
      </Await>
    </div>
  );
}

interface ListsProps {
  stats: Stats;
  workers: Reading<Workers>;
  failures: Reading<FailedDeliveries>;
}

function Lists({ stats, workers, failures }: ListsProps) {
  const t = useText('overview');
  const { count = 0, deliveries = [] } = failures.data ?? {};
  const latest = count < COUNTED ? t('webhooks_latest', { count }) : t('webhooks_many', { count });
  return (
    <>
      <Section title={t('endpoints')}>
        <Endpoints stats={stats} />
      </Section>
      <Section title={t('workers')}>
        <Await reading={workers} lines={2}>
          {(read) => <WorkerList workers={read.workers} />}
        </Await>
      </Section>
      <Section title={t('webhooks')} aside={count > deliveries.length && latest}>
        <Await reading={failures} lines={1}>
          {(read) => <WebhookFailures deliveries={read.deliveries} />}
        </Await>
      </Section>
    </>
  );
}

/** Of the shape of what comes. */
function Awaited() {
  const t = useText('shell');
  return (
    <div class="awaited" role="status" aria-label={t('loading')}>
      <div class="awaited-part awaited-tiles" />
      <div class="awaited-part awaited-facts" />
      <div class="awaited-part awaited-charts" />
      <div class="awaited-part awaited-charts" />
    </div>
  );
}
