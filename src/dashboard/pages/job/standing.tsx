// What the job does now: waits, runs, or how it ended. One card for all, of one height.
import { LongText } from '../../components/long-text.tsx';
import {
  duration,
  exactTime,
  relativeTime,
  runningDuration,
  useNow,
} from '../../components/time.tsx';
import type { JobDetail } from '../../gateway.ts';
import { countOf, useText, type Text } from '../../i18n/words.ts';
import { isDelayed } from '../../job-delay.ts';

export function Standing({ job }: { job: JobDetail }) {
  const t = useText('job');
  return (
    <section class="card job-standing" data-state={job.job_status} aria-label={t('now')}>
      <StandingOf job={job} />
    </section>
  );
}

function StandingOf({ job }: { job: JobDetail }) {
  if (job.job_status === 'queued') return <Waiting job={job} />;
  return job.job_status === 'running' ? <Running job={job} /> : <Ended job={job} />;
}

/** `details`: what there is of them, side by side. */
function Told({ title, details }: { title: string; details: (string | false)[] }) {
  return (
    <>
      <p class="job-standing-title">{title}</p>
      <p class="job-standing-detail">{details.filter(Boolean).join(' · ')}</p>
    </>
  );
}

function Waiting({ job }: { job: JobDetail }) {
  const t = useText('job');
  const now = useNow();
  const { run_at, attempts, queue_position: n, estimated_start_at: start } = job;
  if (isDelayed(job, now)) {
    const time = relativeTime(run_at, now);
    const until = t('delayed_until', { time, exact: exactTime(run_at) });
    return <Told title={t(attempts.length > 0 ? 'waits_retry' : 'delayed')} details={[until]} />;
  }
  const place = n === null ? t('before_unknown') : n > 0 && t(countOf('before', n), { n });
  const begin = start !== null && t('estimated', { time: relativeTime(Math.max(start, now), now) });
  return <Told title={t('waits')} details={[place || t('next'), begin]} />;
}

function Running({ job }: { job: JobDetail }) {
  const t = useText('job');
  const now = useNow();
  const { started_at, worker_id, attempt, max_attempts: max, cancel_requested } = job;
  const title = t('runs', { time: runningDuration(now - (started_at ?? now)) });
  const on = t('runs_on', { worker: worker_id ?? '', attempt, max });
  return (
    <>
      <Told title={title} details={[on, cancel_requested && t('stopping')]} />
      <Progress progress={job.progress} />
    </>
  );
}

function Progress({ progress }: Pick<JobDetail, 'progress'>) {
  const t = useText('job');
  const shared = useText('shell');
  const { percent, phase, message, eta_seconds: eta } = progress ?? {};
  const togo = eta !== undefined && t('eta', { time: runningDuration(eta * 1000) });
  const parts = progress ? [phase, message, togo] : [t('no_progress')];
  return (
    <div class="job-progress">
      <progress aria-label={shared('progress')} max={100} value={percent} />
      <span class="job-percent">{percent === undefined ? '' : `${Math.round(percent)} %`}</span>
      <p class="job-phase">{parts.filter(Boolean).join(' · ')}</p>
    </div>
  );
}

function Ended({ job }: { job: JobDetail }) {
  const t = useText('job');
  const now = useNow();
  const { job_status, error, ended_at, expires_at } = job;
  const ended = ended_at !== null && t('ended', { time: relativeTime(ended_at, now) });
  const removed = expires_at !== null && t('removed', { time: relativeTime(expires_at, now) });
  return (
    <>
      <Told title={endTitle(job, t)} details={[ended, removed]} />
      {job_status === 'failed' && error !== null && <LongText text={error} class="job-error" />}
    </>
  );
}

function endTitle({ job_status, code, started_at, ended_at }: JobDetail, t: Text<'job'>): string {
  if (job_status === 'failed') return t('failed', { code: String(code ?? '') });
  if (job_status === 'cancelled') return t('cancelled');
  if (started_at === null || ended_at === null) return t('done_never_run');
  return t('done', { time: duration(ended_at - started_at) });
}
