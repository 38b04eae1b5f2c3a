// The reckoning: at the end every job is held to what was acknowledged, over HTTP and in the file.
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { findDatabaseFaults } from '../database-faults.ts';
import type { GatewayClient } from '../gateway-client.ts';
import type { Checker } from './checker.ts';

/** Three leases of 5 s may be lost before a job ends. */
const END_PATIENCE_MS = 30_000;

/** Waits until nothing is queued or running; false when for a while none of what is left ends. */
export async function untilAllEnded(client: GatewayClient): Promise<boolean> {
  let fewest = Infinity;
  for (let end = Infinity; performance.now() < end;) {
    const { queued, running } = (await client.postUntilAnswered('jobs/stats', {})).json.by_status;
    if (queued + running === 0) return true;
    if (queued + running < fewest) end = performance.now() + END_PATIENCE_MS;
    fewest = Math.min(fewest, queued + running);
    await sleep(100);
  }
  return false;
}

/** `jobIds`: those that are asked for. Default: all. */
export async function reckonOverHttp(
  checker: Checker,
  jobIds: Iterable<string> = checker.jobs.keys(),
): Promise<void> {
  for (const jobId of jobIds) {
    const job = await checker.look(jobId);
    if (job) holdJob(checker, jobId, job);
    else checker.fault(`${jobId} is not there any more`);
  }
}

function holdJob(checker: Checker, jobId: string, job: any): void {
  const { id } = checker.jobs.get(jobId)!;
  const fault = (what: string) => checker.fault(`${jobId} ${what}`);
  if (job.id !== id) fault(`has the id ${job.id} and was submitted as ${id}`);
  if (job.ended_at === null) fault(`has not ended: ${JSON.stringify({ ...job, payload: null })}`);
  holdAttempts(job, fault);
  const completers = checker.completersOf(jobId);
  if (completers.length > 0 && job.job_status !== 'done')
    fault(`was completed and is ${job.job_status}`);
  if (completers[0] !== undefined && job.result?.worker_id !== completers[0]) {
    fault(`was completed by ${completers[0]} and has the result of ${job.result?.worker_id}`);
  }
  for (const workerId of new Set<string>(job.attempts.map((attempt: any) => attempt.worker_id))) {
    const claimed = job.attempts.filter((attempt: any) => attempt.worker_id === workerId).length;
    const runs = checker.runsOf(jobId, workerId);
    if (runs > claimed)
      fault(`ran ${runs} times at ${workerId}, which claimed it ${claimed} times`);
  }
}

function holdAttempts({ attempts, fence }: any, fault: (what: string) => void): void {
  const fences = attempts.map((attempt: any) => attempt.fence);
  const isRising = fences.every((one: number, i: number) => one === i + 1);
  if (!isRising || fences.length !== fence) fault(`has the fences ${fences.join()} of ${fence}`);
  const done = attempts.filter((attempt: any) => attempt.outcome === 'done').length;
  if (done > 1) fault(`was done ${done} times`);
}

/** The same against the stopped gateway's file, without any of its code. */
export function reckonFile(path: string, checker: Checker): void {
  const sqlite = new Database(path, { readonly: true });
  try {
    for (const fault of findFileFaults(sqlite)) checker.fault(`the file: ${fault}`);
    const stored = sqlite.prepare(
      'select j.id, p.payload, j.status from jobs j join job_payloads p on p.seq = j.seq where j.job_id = ?',
    );
    for (const [jobId, { id, payload }] of checker.jobs) {
      const row = stored.get(jobId) as { id: string; payload: string } | undefined;
      if (!row) checker.fault(`the file: ${jobId} is not in it`);
      else if (row.id !== id || row.payload !== payload) {
        checker.fault(`the file: ${jobId} has another payload`);
      }
    }
  } finally {
    sqlite.close();
  }
}

/** Queries that must find nothing, by what it would mean. */
const NEVER = {
  'jobs have not ended': `select 1 from jobs where status in ('queued', 'running')`,
  'submissions became two jobs': `select 1 from jobs group by id having count(*) > 1`,
  'jobs were done twice': `select 1 from events where kind = 'done' group by job_id having count(*) > 1`,
  'events of a job do not rise': `select 1 from (select version - lag(version) over (partition by job_id order by seq) as step from events) where step < 1`,
  'jobs changed after they were done': `select 1 from events e join events d on d.job_id = e.job_id and d.kind = 'done' and e.seq > d.seq`,
  'fences are not the number of attempts': `select 1 from jobs j where fence <> (select count(*) from attempts a where a.job_seq = j.seq)`,
  'attempts have no end': `select 1 from attempts where outcome is null`,
};

function findFileFaults(sqlite: Database.Database): string[] {
  const broken = Object.entries(NEVER).flatMap(([what, query]) => {
    const found = sqlite.prepare(query).all().length;
    return found === 0 ? [] : [`${found} ${what}`];
  });
  return [...findDatabaseFaults(sqlite), ...broken];
}
