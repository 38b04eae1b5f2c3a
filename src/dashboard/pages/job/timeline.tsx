// The job's life: submitted, each time a worker had it and how that ended, and what comes next.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { LongText } from '../../components/long-text.tsx';
import {
  duration,
  exactTime,
  relativeTime,
  runningDuration,
  Time,
  useNow,
} from '../../components/time.tsx';
import type { JobDetail, JobStatus } from '../../gateway.ts';
import { countOf, useText } from '../../i18n/words.ts';
import { isDelayed } from '../../job-delay.ts';

type Attempt = JobDetail['attempts'][number];

/** Of a job that is retried for ever, the latest are drawn first. */
const SHOWN_AT_FIRST = 20;

export function Timeline({ job }: { job: JobDetail }) {
  const t = useText('job');
  const [isWhole, setWhole] = useState(false);
  const hidden = isWhole ? 0 : Math.max(job.attempts.length - SHOWN_AT_FIRST, 0);
  const claims = job.attempts.map((attempt, index) => ({
    attempt,
    since: job.attempts[index - 1]?.ended_at ?? job.created_at,
  }));
  return (
    <section>
      <h2>{t('timeline')}</h2>
      <ol class="card timeline">
        <Submitted job={job} />
        {hidden > 0 && (
          <li class="timeline-entry">
            <button type="button" class="link-button" onClick={() => setWhole(true)}>
              {t(countOf('earlier', hidden), { n: hidden })}
            </button>
          </li>
        )}
        {claims.slice(hidden).map(({ attempt, since }) => (
          <Claim key={attempt.fence} attempt={attempt} since={since} />
        ))}
        <Last job={job} />
      </ol>
    </section>
  );
}

interface EntryProps {
  state: JobStatus;
  title: string;
  at?: number | null;
  /** How long it took to come to this. */
  after?: string | false;
  children?: ComponentChildren;
}

function Entry({ state, title, at, after, children }: EntryProps) {
  return (
    <li class="timeline-entry" data-state={state}>
      <p class="timeline-title">{title}</p>
      {(at != null || after) && (
        <p class="timeline-time">
          {at != null && <Time at={at} />}
          {at != null && after && ' · '}
          {after}
        </p>
      )}
      {children}
    </li>
  );
}

function Submitted({ job: { created_at, run_at, attempts } }: { job: JobDetail }) {
  const t = useText('job');
  const wasDelayed = run_at > created_at && attempts.length === 0;
  return (
    <Entry state="queued" title={t('was_submitted')} at={created_at}>
      {wasDelayed && <p class="quiet small">{t('not_before', { time: exactTime(run_at) })}</p>}
    </Entry>
  );
}

function Claim({ attempt, since }: { attempt: Attempt; since: number }) {
  const t = useText('job');
  const { fence, worker_id, pid, started_at } = attempt;
  const waited = duration(started_at - since);
  const detail =
    pid === null
      ? t('claim_detail_no_pid', { n: fence })
      : t('claim_detail', { n: fence, pid: String(pid) });
  return (
    <>
      <Entry
        state="running"
        title={t('claimed', { worker: worker_id })}
        at={started_at}
        after={t('waited', { time: waited })}
      >
        <p class="quiet small">{detail}</p>
      </Entry>
      <Outcome attempt={attempt} />
    </>
  );
}

const STATES = {
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  released: 'queued',
  lease_lost: 'failed',
  timed_out: 'failed',
} as const satisfies Record<NonNullable<Attempt['outcome']>, JobStatus>;

function Outcome({ attempt }: { attempt: Attempt }) {
  const t = useText('job');
  const { outcome, started_at, ended_at, message } = attempt;
  if (outcome === null || ended_at === null) return null;
  return (
    <Entry
      state={STATES[outcome]}
      title={t(`outcome_${outcome}`)}
      at={ended_at}
      after={t('took', { time: duration(ended_at - started_at) })}
    >
      {message !== null && <LongText text={message} class="timeline-message" />}
    </Entry>
  );
}

/** What it does now, or how it ended. */
function Last({ job }: { job: JobDetail }) {
  const t = useText('job');
  const { job_status: state, ended_at, started_at, attempts } = job;
  if (state === 'queued') return <Queued job={job} />;
  if (state === 'running') return <Runs since={started_at ?? 0} />;
  // Done or cancelled with its worker, it is told already; a failed attempt may have been retried.
  if (state !== 'failed' && attempts.at(-1)?.outcome === state) return null;
  return <Entry state={state} title={t(`end_${state}`)} at={ended_at} />;
}

function Queued({ job }: { job: JobDetail }) {
  const t = useText('job');
  const now = useNow();
  if (job.attempts.length === 0) return null;
  const time = relativeTime(job.run_at, now);
  const title = isDelayed(job, now) ? t('retry_at', { time }) : t('in_queue');
  return <Entry state="queued" title={title} />;
}

function Runs({ since }: { since: number }) {
  const t = useText('job');
  const time = runningDuration(useNow() - since);
  return <Entry state="running" title={t('outcome_running', { time })} />;
}
