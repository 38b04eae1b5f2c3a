// One job: what it is and does now, how it came there, and what can be done to it.
import { useEffect } from 'preact/hooks';
import { CopyButton } from '../components/copy-button.tsx';
import { Icon } from '../components/icon.tsx';
import { shortId } from '../components/job-link.tsx';
import { JsonView } from '../components/json-view.tsx';
import { Link } from '../components/link.tsx';
import { Failure, Notice, Skeleton } from '../components/notice.tsx';
import { PageHeader } from '../components/page-header.tsx';
import { StateBadge } from '../components/state-badge.tsx';
import type { JobDetail } from '../gateway.ts';
import { useText } from '../i18n/words.ts';
import { navigate } from '../location.ts';
import { useJob } from '../readings.ts';
import { statusOf } from '../session.ts';
import { JobActions } from './job/actions.tsx';
import { Deliveries } from './job/deliveries.tsx';
import { Facts } from './job/facts.tsx';
import { Snippets } from './job/snippets.tsx';
import { Standing } from './job/standing.tsx';
import { Timeline } from './job/timeline.tsx';
import './job.css';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** `jobId`: as the URL has it. */
export function JobPage({ jobId }: { jobId: string }) {
  const known = jobId.toLowerCase();
  useEffect(() => {
    if (known !== jobId && UUID.test(known)) navigate(`/jobs/${known}`, { replace: true });
  }, [jobId]);
  return UUID.test(known) ? <Job jobId={known} /> : <Absent why="invalid" />;
}

function Job({ jobId }: { jobId: string }) {
  const t = useText('job');
  const { data: job, error, isFetching, refetch } = useJob(jobId);
  if (statusOf(error) === 404) return <Absent why={job ? 'deleted' : 'unknown'} />;
  return (
    <>
      <Back />
      <PageHeader
        title={t('title', { id: shortId(jobId) })}
        lead={<Lead jobId={jobId} job={job} />}
        actions={job && <JobActions job={job} />}
      />
      {job && <Content job={job} isReading={isFetching} />}
      {!job && error && (
        <div class="card">
          <Failure error={error} onRetry={() => void refetch()} />
        </div>
      )}
      {!job && !error && <Skeleton lines={14} />}
    </>
  );
}

function Back() {
  const t = useText('job');
  return (
    <Link class="job-back" href="/jobs">
      <Icon name="back" />
      {t('back')}
    </Link>
  );
}

function Lead({ jobId, job }: { jobId: string; job: JobDetail | undefined }) {
  const t = useText('job');
  return (
    <div class="job-lead">
      {job && <StateBadge state={job.job_status} />}
      <span class="job-id">
        <span class="mono">{jobId}</span>
        <CopyButton text={jobId} what={t('job_id')} />
      </span>
    </div>
  );
}

function Content({ job, isReading }: { job: JobDetail; isReading: boolean }) {
  const t = useText('job');
  const { job_id, job_status, payload } = job;
  return (
    <>
      <Standing job={job} />
      <div class="job-columns">
        <div class="job-column">
          {job_status === 'done' && <Result job={job} isReading={isReading} />}
          <section>
            <h2>{t('payload')}</h2>
            <JsonView value={payload} what={t('payload')} fileName={`${job_id}-payload.json`} />
          </section>
          <Deliveries jobId={job_id} />
        </div>
        <div class="job-column">
          <Timeline job={job} />
          <Facts job={job} />
        </div>
      </div>
      <Snippets jobId={job_id} />
    </>
  );
}

/** The job's end is told before its result is read. */
function Result({ job: { job_id, result }, isReading }: { job: JobDetail; isReading: boolean }) {
  const t = useText('job');
  return (
    <section>
      <h2>{t('result')}</h2>
      {result === null && isReading ? (
        <Skeleton lines={2} />
      ) : (
        <JsonView value={result} what={t('result')} fileName={`${job_id}-result.json`} />
      )}
    </section>
  );
}

const REASONS = {
  invalid: ['invalid_title', 'invalid_hint'],
  unknown: ['unknown_title', 'unknown_hint'],
  deleted: ['deleted_title', 'deleted_hint'],
} as const;

function Absent({ why }: { why: keyof typeof REASONS }) {
  const t = useText('job');
  const [title, hint] = REASONS[why];
  return (
    <>
      <Back />
      <PageHeader title={t(title)} />
      <div class="card" role="status">
        <Notice icon="search" title={t(hint)}>
          <Link class="button" href="/jobs">
            {t('to_jobs')}
          </Link>
        </Notice>
      </div>
    </>
  );
}
