// One job on the page: its state, how far it is, and what came of it.
import { useMutation } from '@tanstack/react-query';
import type { Gateway } from './gateway.ts';
import { useLiveJob } from './use-live-job.ts';

interface Props {
  gateway: Gateway;
  jobId: string;
}

export function JobCard({ gateway, jobId }: Props) {
  const { data: job, error } = useLiveJob(gateway, jobId);
  const cancel = useMutation({ mutationFn: () => gateway.job.cancel.mutate({ job_id: jobId }) });
  if (error) return <li className="card fault">{error.message}</li>;
  if (!job) return <li className="card">…</li>;
  const isOpen = job.job_status === 'queued' || job.job_status === 'running';
  const percent = job.progress?.percent;
  return (
    <li className="card" data-job={jobId}>
      <header>
        <span className={`state ${job.job_status}`}>{job.job_status}</span>
        <code>{job.endpoint}</code>
        {isOpen && (
          <button className="quiet" onClick={() => cancel.mutate()} disabled={job.cancel_requested}>
            Cancel
          </button>
        )}
      </header>
      <pre className="text">{JSON.stringify(job.payload)}</pre>
      {isOpen && percent !== undefined && (
        <label>
          <progress max={100} value={percent} /> {Math.round(percent)} % {job.progress?.phase}
        </label>
      )}
      {job.job_status === 'done' && <pre className="result">{JSON.stringify(job.result)}</pre>}
      {job.job_status === 'failed' && <p className="fault">{job.error}</p>}
      <footer>
        {jobId} · attempt {job.attempt} of {job.max_attempts}
      </footer>
    </li>
  );
}
