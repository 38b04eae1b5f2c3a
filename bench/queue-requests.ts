// Work over HTTP: what a producer and a worker send to our gateway and to bunqueue, step by step.
import { ENDPOINT, payload } from './fill.ts';
import type { Exchange } from './load.ts';
import { post, submits } from './requests.ts';

/** One request of a worker. */
export interface WorkStep extends Exchange {
  /** Jobs whose result it reports. */
  reports: number;
}

/** What one queue is sent. */
export interface Dialect {
  submit(): Exchange;
  /** Submits many at once, for workers to work on. */
  fill(jobs: number): Exchange;
  /**
   * A worker's next request: it takes up to `max` jobs and then reports all of those. Undefined when
   * there were none left to take. `previous` is the whole answer to its request before.
   */
  work(previous: string, max: number): WorkStep | undefined;
}

const API = '/v1/toolkit';
const RESULT = { ok: true };

export function jobgateDialect(apiKey: string): Dialect {
  const ask = (path: string, body: object, marker: string, status = 200): Exchange => ({
    request: post(path, apiKey, JSON.stringify(body)),
    status,
    marker,
  });
  const report = ([first, ...others]: Lease[]): Exchange => {
    const marker = '"job_status":"done"';
    if (others.length === 0)
      return ask(`${API}/worker/complete`, { ...first, result: RESULT }, marker);
    // What the batch link of a tRPC client makes of calls in the same moment. A 200 is all of them.
    const calls = [first, ...others].map((lease, n) => [n, { ...lease, result: RESULT }]);
    const path = `/trpc/${calls.map(() => 'worker.complete').join(',')}?batch=1`;
    return ask(path, Object.fromEntries(calls), marker);
  };
  return {
    submit: submits(apiKey),
    fill: (jobs) => {
      const many = payloads(jobs).map((data) => ({ endpoint: ENDPOINT, payload: data }));
      return ask(`${API}/jobs/submit`, { jobs: many }, '"job_id"', 202);
    },
    work: (previous, max) => {
      if (!previous.includes('"jobs":[')) {
        const claim = { worker_id: 'bench', endpoints: [ENDPOINT], max };
        return { ...ask(`${API}/worker/claim`, claim, '"jobs":['), reports: 0 };
      }
      const { jobs } = bodyOf(previous) as { jobs: Lease[] };
      const leases = jobs.map(({ job_id, lease_token }) => ({ job_id, lease_token }));
      return leases.length > 0 ? { ...report(leases), reports: leases.length } : undefined;
    },
  };
}

interface Lease {
  job_id: string;
  lease_token: string;
}

/** Its submits are `durable: true`; taking and reporting jobs has no such choice. */
export function bunqueueDialect(): Dialect {
  let index = 0;
  const ask = (path: string, body: object): Exchange => ({
    request: post(path, 'none', JSON.stringify(body)),
    status: 200,
    marker: '"ok":true',
  });
  const take = (max: number): Exchange => {
    if (max > 1) return ask('/queues/bench/jobs/pull-batch', { count: max });
    const request = 'GET /queues/bench/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    return { request, status: 200, marker: '"ok":true' };
  };
  const report = (ids: string[]): Exchange =>
    ids.length === 1
      ? ask(`/jobs/${ids[0]}/ack`, { result: RESULT })
      : ask('/jobs/ack-batch', { ids, results: ids.map(() => RESULT) });
  return {
    submit: () => ask('/queues/bench/jobs', { data: payload((index += 1)), durable: true }),
    fill: (jobs) => {
      const many = payloads(jobs).map((data) => ({ data, durable: true }));
      return ask('/queues/bench/jobs/bulk', { jobs: many });
    },
    work: (previous, max) => {
      if (!/"jobs?":/.test(previous)) return { ...take(max), reports: 0 };
      const { job, jobs = job ? [job] : [] } = bodyOf(previous) as Taken;
      const ids = jobs.map(({ id }) => id);
      return ids.length > 0 ? { ...report(ids), reports: ids.length } : undefined;
    },
  };
}

interface Taken {
  job?: { id: string } | null;
  jobs?: { id: string }[];
}

function payloads(jobs: number): object[] {
  return Array.from({ length: jobs }, (_, n) => payload(n));
}

/** Also of an answer in chunks: what is around the JSON is not part of it. */
function bodyOf(answer: string): unknown {
  const text = answer.slice(answer.indexOf('\r\n\r\n'));
  return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
}
