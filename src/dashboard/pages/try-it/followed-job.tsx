// The job that the form made, as it goes: its state, how far it is, and what it came to.
import { JsonView } from '../../components/json-view.tsx';
import { Link } from '../../components/link.tsx';
import { Failure, Notice, Skeleton } from '../../components/notice.tsx';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { duration, exactTime, useNow } from '../../components/time.tsx';
import type { JobDetail } from '../../gateway.ts';
import { useText } from '../../i18n/words.ts';
import { isDelayed } from '../../job-delay.ts';
import { useJob, useWorkers } from '../../readings.ts';
import { statusOf } from '../../session.ts';

export function FollowedJob({ jobId }: { jobId: string }) {
  const t = useText('try_it');
  const { data, error, isFetching, refetch } = useJob(jobId);
  return (
    <section class="card followed" aria-labelledby="followed">
      <div class="followed-head">
        <h2 id="followed">{t('followed')}</h2>
        <Link href={`/jobs/${jobId}`}>{t('open')}</Link>
      </div>
      <p class="mono followed-id">{jobId}</p>
      {statusOf(error) === 404 ? (
        <Notice icon="trash" title={t('gone')} />
      ) : data ? (
        <Course job={data} isFetching={isFetching} />
      ) : error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton lines={1} />
      )}
    </section>
  );
}

function Course({ job, isFetching }: { job: JobDetail; isFetching: boolean }) {
  const t = useText('try_it');
  // Its end is told before its result is read.
  const isDone = job.job_status === 'done' && (job.result !== null || !isFetching);
  return (
    <>
      <p class="followed-state">
        <StateBadge state={job.job_status} />
        <span class="quiet small">
          <Moment job={job} />
        </span>
        {job.progress && job.job_status === 'running' && <ProgressBar progress={job.progress} />}
      </p>
      {job.job_status === 'queued' && <Obstacle job={job} />}
      {job.job_status === 'failed' && job.error !== null && (
        <p class="fault">
          {job.code} {job.error}
        </p>
      )}
      {isDone && <JsonView value={job.result} what={t('result')} />}
    </>
  );
}

/** Since when, for how long, and which attempt it is. */
function Moment({ job }: { job: JobDetail }) {
  const t = useText('try_it');
  const now = useNow();
  const { started_at: startedAt, ended_at: endedAt, attempt, max_attempts: most } = job;
  const said: string[] = [];
  if (job.job_status === 'queued') said.push(t('waited', { time: duration(now - job.created_at) }));
  else if (endedAt !== null && startedAt !== null)
    said.push(t('run_time', { time: duration(endedAt - startedAt) }));
  else if (startedAt !== null) said.push(t('running_for', { time: duration(now - startedAt) }));
  if (attempt > 1) said.push(t('attempt', { attempt, most }));
  return <>{said.join(' · ')}</>;
}

/** Why it does not run yet. */
function Obstacle({ job }: { job: JobDetail }) {
  const t = useText('try_it');
  const now = useNow();
  const { data } = useWorkers();
  const { endpoint, run_at: runAt, queue_position: before } = job;
  if (isDelayed(job, now))
    return <p class="quiet">{t('not_before', { time: exactTime(runAt) })}</p>;
  if (data && !data.workers.some(({ endpoints }) => endpoints.includes(endpoint))) {
    return <p class="quiet">{t('no_worker', { endpoint })}</p>;
  }
  return before ? <p class="quiet">{t('before_it', { count: before })}</p> : null;
}
