// `jobgate list`: jobs by filter, newest first, as a table for people or as JSON.
import type { InputOf, JobgateClient, OutputOf } from '../client/client.ts';
import { JOB_STATUSES } from '../contract/job.ts';
import { parseArguments, refuseMore } from './arguments.ts';
import { UsageError } from './command-error.ts';
import { printJson } from './follow-job.ts';
import { GATEWAY_VARIABLES, openGatewayClient } from './gateway-client.ts';
import { progressText, timeText } from './job-text.ts';
import { readNumber, readTime } from './numbers.ts';
import { onOneLine } from './one-line.ts';
import { columnsOf, cut } from './progress-line.ts';
import { systemClock } from './system-clock.ts';

const USAGE = `Usage: jobgate list [options]

Lists jobs, the newest first.

  --status STATUS     ${JOB_STATUSES.join(', ')}
  --endpoint PATH     of this kind of work
  --id TEXT           with this id of yours
  --since TIME        submitted at or after: 2026-11-24T23:10:05Z, or an age: 90s, 15m, 6h, 3d, 2w
  --until TIME        submitted at or before
  --limit N           so many at most; default: 50
  --json              print an array of all that is known, without payloads and results

${GATEWAY_VARIABLES}
`;

const OPTIONS = {
  status: { type: 'string' },
  endpoint: { type: 'string' },
  id: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  limit: { type: 'string', default: '50' },
  json: { type: 'boolean', default: false },
} as const;

type Flags = ReturnType<typeof parseArguments<typeof OPTIONS>>['values'];
type Filter = Exclude<InputOf<'jobs.list'>, void | undefined>;
type Summary = OutputOf<'jobs.list'>['jobs'][number];

const MAX_PAGE = 500;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  if (values.help) return (process.stdout.write(USAGE), 0);
  refuseMore(positionals);
  const limit = limitFrom(values.limit);
  const { jobs, hasMore } = await listJobs(openGatewayClient(), filterFrom(values), limit);
  if (values.json) printJson(jobs);
  else if (jobs.length > 0) process.stdout.write(table(jobs));
  else process.stderr.write('No jobs.\n');
  if (hasMore) process.stderr.write(`There are more: --limit N shows more than ${limit}.\n`);
  return 0;
}

function filterFrom({ status, endpoint, id, since, until }: Flags): Filter {
  const now = systemClock.now();
  return {
    job_status: statusFrom(status),
    endpoint,
    id,
    since: readTime('--since', since, now),
    until: readTime('--until', until, now),
  };
}

function statusFrom(text: string | undefined): Filter['job_status'] {
  if (text === undefined) return undefined;
  const status = JOB_STATUSES.find((known) => known === text);
  if (status) return status;
  throw new UsageError(`--status must be one of ${JOB_STATUSES.join(', ')}`);
}

function limitFrom(text: string): number {
  const limit = readNumber('--limit', text) ?? 0;
  if (Number.isInteger(limit) && limit >= 1) return limit;
  throw new UsageError('--limit must be a whole number from 1');
}

/** Page by page. */
async function listJobs(client: JobgateClient, filter: Filter, limit: number) {
  const jobs: Summary[] = [];
  let cursor: string | undefined;
  do {
    const page = { ...filter, limit: Math.min(limit - jobs.length, MAX_PAGE), cursor };
    const answer = await client.call('jobs.list', page);
    jobs.push(...answer.jobs);
    cursor = answer.next_cursor ?? undefined;
  } while (cursor !== undefined && jobs.length < limit);
  return { jobs, hasMore: cursor !== undefined };
}

/** As wide as its widest cells; on a terminal a line stays a line. */
function table(jobs: readonly Summary[]): string {
  const rows = [['job', 'status', 'submitted', 'endpoint', 'id', 'remark'], ...jobs.map(cellsOf)];
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const lines = rows.map((row) => {
    const line = row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd();
    return process.stdout.isTTY ? cut(line, columnsOf(process.stdout)) : line;
  });
  return `${lines.join('\n')}\n`;
}

function cellsOf(job: Summary): string[] {
  const { job_id, job_status, created_at, endpoint, id } = job;
  return [job_id, job_status, timeText(created_at), endpoint, onOneLine(id ?? ''), remarkOf(job)];
}

function remarkOf({ job_status: status, error, progress, attempt, started_at }: Summary): string {
  if (error !== null) return onOneLine(error);
  if (status === 'running') return onOneLine(progressText(progress ?? {}));
  return status === 'queued' && started_at !== null ? `attempt ${attempt} is due` : '';
}
