// The workers that are here: who they are, what they can do, and what they are doing.
import { CodeBlock } from '../../components/code-block.tsx';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { duration, exactTime, Time, useNow } from '../../components/time.tsx';
import { useText } from '../../i18n/words.ts';
import { workerCommand } from '../../shell-commands.ts';
import { useBounded } from './bounded.tsx';
import { JobLink } from '../../components/job-link.tsx';
import type { Worker } from '../../readings.ts';

const MOST_WORKERS = 12;
const MOST_JOBS = 5;

export function WorkerList({ workers }: { workers: Worker[] }) {
  const { shown, more } = useBounded(workers, MOST_WORKERS);
  if (workers.length === 0) return <NoWorker />;
  return (
    <div class="card overview-list">
      <ul>
        {shown.map((worker) => (
          <WorkerEntry key={worker.worker_id} worker={worker} />
        ))}
      </ul>
      {more}
    </div>
  );
}

function NoWorker() {
  const t = useText('overview');
  return (
    <div class="card overview-none">
      <p>{t('workers_none')}</p>
      <CodeBlock text={workerCommand()} what={t('command')} />
    </div>
  );
}

function WorkerEntry({ worker }: { worker: Worker }) {
  const t = useText('overview');
  const { worker_id: name, pid, seen_at: seenAt, endpoints } = worker;
  return (
    <li class="overview-entry overview-worker">
      <div class="overview-part">
        <span class="worker-name mono" title={name}>
          {name}
        </span>
        <span class="quiet small">
          {pid !== null && `${t('pid', { pid: String(pid) })} · `}
          {t('seen')} <Time at={seenAt} />
        </span>
        <span class="worker-endpoints quiet small mono" title={endpoints.join('\n')}>
          {endpoints.join(', ')}
        </span>
      </div>
      <Doing worker={worker} />
    </li>
  );
}

function Doing({ worker: { jobs, running } }: { worker: Worker }) {
  const t = useText('overview');
  const { shown, more } = useBounded(jobs, MOST_JOBS);
  const untold = running - jobs.length;
  if (running === 0) return <p class="overview-part quiet">{t('idle')}</p>;
  return (
    <div class="overview-part">
      <ul class="running-jobs">
        {shown.map((job) => (
          <RunningJob key={job.job_id} job={job} />
        ))}
      </ul>
      {more ?? (untold > 0 && <p class="quiet">{t('more_running', { count: untold })}</p>)}
    </div>
  );
}

function RunningJob({ job }: { job: Worker['jobs'][number] }) {
  const now = useNow();
  return (
    <li class="running-job">
      <JobLink jobId={job.job_id} />
      <span class="running-endpoint quiet mono" title={job.endpoint}>
        {job.endpoint}
      </span>
      <time
        class="quiet"
        dateTime={new Date(job.started_at).toISOString()}
        title={exactTime(job.started_at)}
      >
        {duration(now - job.started_at)}
      </time>
      {job.progress && <ProgressBar progress={job.progress} />}
    </li>
  );
}
