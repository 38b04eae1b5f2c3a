// What is known of the job, fact by fact.
import type { ComponentChildren } from 'preact';
import { duration, Time } from '../../components/time.tsx';
import type { JobDetail } from '../../gateway.ts';
import { useText } from '../../i18n/words.ts';

export function Facts({ job }: { job: JobDetail }) {
  const t = useText('job');
  const { started_at, ended_at, created_at, attempt, max_attempts, run_at } = job;
  return (
    <section>
      <h2>{t('facts')}</h2>
      <dl class="card facts">
        <Fact name={t('endpoint')}>
          <span class="mono">{job.endpoint}</span>
        </Fact>
        <Fact name={t('caller_id')}>{job.id}</Fact>
        <Fact name={t('code')}>{job.code}</Fact>
        <Fact name={t('attempt')}>{t('attempt_of', { n: attempt, max: max_attempts })}</Fact>
        <Fact name={t('lost_leases')}>{job.lost_leases || null}</Fact>
        <Fact name={t('worker')}>{job.worker_id}</Fact>
        <Fact name={t('priority')}>{job.priority}</Fact>
        <Moment name={t('submitted')} at={created_at} />
        {run_at > created_at && <Moment name={t('begin')} at={run_at} />}
        <Moment name={t('started')} at={started_at} />
        <Moment name={t('ended_at')} at={ended_at} />
        <Fact name={t('run_time')}>{between(started_at, ended_at)}</Fact>
        <Fact name={t('total_time')}>{between(created_at, ended_at)}</Fact>
        <Moment name={t('expires')} at={job.expires_at} />
      </dl>
    </section>
  );
}

/** Nothing is drawn of what there is not. */
function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === null) return null;
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Moment({ name, at }: { name: string; at: number | null }) {
  return <Fact name={name}>{at === null ? null : <Time at={at} />}</Fact>;
}

function between(begin: number | null, end: number | null): string | null {
  return begin === null || end === null ? null : duration(end - begin);
}
