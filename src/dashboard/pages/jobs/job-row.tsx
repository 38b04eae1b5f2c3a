// A row of the jobs table.
import { useMemo } from 'preact/hooks';
import { JobLink } from '../../components/job-link.tsx';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import {
  duration,
  exactTime,
  relativeTime,
  runningDuration,
  Time,
  useNow,
} from '../../components/time.tsx';
import type { JobSummary } from '../../gateway.ts';
import { useLanguage, useText } from '../../i18n/words.ts';
import { isDelayed } from '../../job-delay.ts';

interface JobRowProps {
  job: JobSummary;
  isSelected: boolean;
  /** Undefined where nothing can be done to a selection. */
  onToggle: ((id: string, isRange: boolean) => void) | undefined;
}

/** Drawn again only when its own job changes: a list has hundreds. */
export function JobRow({ job, isSelected, onToggle }: JobRowProps) {
  const shown = useLanguage();
  return useMemo(
    () => <Row job={job} isSelected={isSelected} onToggle={onToggle} />,
    [job, isSelected, onToggle, shown],
  );
}

function Row({ job, isSelected, onToggle }: JobRowProps) {
  const t = useText('jobs');
  const { job_id, id, endpoint } = job;
  return (
    <tr class="jobs-row" data-selected={isSelected || undefined}>
      {onToggle && (
        <td class="jobs-pick">
          <label class="jobs-check">
            <input
              type="checkbox"
              aria-label={t('select_job', { id: job_id })}
              checked={isSelected}
              onClick={({ shiftKey }) => onToggle(job_id, shiftKey)}
            />
          </label>
        </td>
      )}
      <td class="jobs-is">
        <StateBadge state={job.job_status} />
      </td>
      <td class="jobs-name">
        <JobLink jobId={job_id} />
        {id !== null && (
          <span class="jobs-id" title={id}>
            {id}
          </span>
        )}
      </td>
      <td class="jobs-endpoint mono" title={endpoint}>
        {endpoint}
      </td>
      <td class="jobs-progress">
        <Standing job={job} />
      </td>
      <td class="jobs-submitted">
        <Time at={job.created_at} />
      </td>
      <td class="jobs-duration number">
        <Duration job={job} />
      </td>
    </tr>
  );
}

/** What is to be said of it in its state. */
function Standing({ job }: { job: JobSummary }) {
  const t = useText('jobs');
  const { attempt, max_attempts: max } = job;
  return (
    <span class="jobs-standing">
      {attempt > 1 && <span class="quiet">{t('attempt_of', { n: attempt, max })}</span>}
      <StandingOf job={job} />
    </span>
  );
}

function StandingOf({ job }: { job: JobSummary }) {
  const shared = useText('shell');
  const { job_status, progress, error } = job;
  if (job_status === 'queued') return <Begin job={job} />;
  if (job_status === 'running') {
    return (
      <>
        {job.cancel_requested && <span class="jobs-stopping">{shared('stopping')}</span>}
        {progress && <ProgressBar progress={progress} />}
      </>
    );
  }
  if (job_status !== 'failed' || error === null) return null;
  return (
    <span class="jobs-error" title={error}>
      {error}
    </span>
  );
}

/** Of a job that waits for its time. */
function Begin({ job }: { job: JobSummary }) {
  const t = useText('jobs');
  const now = useNow();
  if (!isDelayed(job, now)) return null;
  return (
    <span class="quiet" title={exactTime(job.run_at)}>
      {t('begins', { time: relativeTime(job.run_at, now) })}
    </span>
  );
}

/** Of the present or last attempt. */
function Duration({ job: { job_status, started_at, ended_at } }: { job: JobSummary }) {
  if (started_at === null) return null;
  if (job_status === 'running') return <Elapsed since={started_at} />;
  return ended_at === null ? null : <>{duration(ended_at - started_at)}</>;
}

function Elapsed({ since }: { since: number }) {
  return <>{runningDuration(useNow() - since)}</>;
}
