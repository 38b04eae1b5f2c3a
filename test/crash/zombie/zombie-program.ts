// A worker that knows no better: claims one job, and when it is woken reports on it in every way.
import { once } from 'node:events';
import { GatewayClient } from '../gateway-client.ts';

interface Settings {
  url: string;
  apiKey: string;
  workerId: string;
  endpoints: string[];
  leaseSeconds: number;
}

const { url, apiKey, workerId, endpoints, leaseSeconds } = JSON.parse(
  process.argv[2] ?? '',
) as Settings;
const client = new GatewayClient(url, apiKey);
const tell = (told: object) => process.stdout.write(`${JSON.stringify(told)}\n`);

tell({ kind: 'started' });
const claim = { worker_id: workerId, endpoints, lease_seconds: leaseSeconds, pid: process.pid };
const [job] = (await client.postUntilAnswered('worker/claim', claim)).json.jobs;
const lease = { job_id: job.job_id, lease_token: job.lease_token };
// Listening before it tells: from then on it may be frozen at any moment.
const woken = once(process, 'SIGCONT');
tell({ kind: 'run', jobId: job.job_id });

// What keeps it alive until then.
const waiting = setInterval(() => {}, 1000);
await woken;
clearInterval(waiting);

const REPORTS = {
  complete: { result: { worker_id: workerId } },
  heartbeat: {},
  progress: { percent: 50 },
  fail: { message: 'too late' },
  release: {},
};
for (const [verb, report] of Object.entries(REPORTS)) {
  const { status, json } = await client.postUntilAnswered(`worker/${verb}`, {
    ...lease,
    ...report,
  });
  tell({ kind: 'answered', verb, status, reason: json.reason });
}
tell({ kind: 'over' });
