// The ways in which a caller learns of a job's end: what each sends, and what it then awaits.
import { post } from './requests.ts';

export interface Way {
  name: string;
  /** The HTTP request that begins to follow the job, or that asks once. */
  request(jobId: string, apiKey: string): string;
  /** What the gateway says at once to who follows; undefined where it is silent until the end. */
  begun: RegExp | undefined;
  /** What says that the job is done, and that it has ended at all. */
  told: RegExp;
  ended: RegExp;
}

export const WAITER: Way = {
  name: 'waiting: job/status with wait_seconds',
  request: (jobId, apiKey) =>
    post('/v1/toolkit/job/status', apiKey, `{"job_id":"${jobId}","wait_seconds":55}`),
  begun: undefined,
  told: /"job_status":"done"/,
  ended: /"job_status":"(done|failed|cancelled)"/,
};

export const STREAM: Way = {
  name: 'SSE: GET job/events',
  request: (jobId, apiKey) => get(`/v1/toolkit/job/events?job_id=${jobId}`, apiKey),
  begun: /^retry: /m,
  told: /^event: end$/m,
  ended: /^event: end$/m,
};

export const SUBSCRIPTION: Way = {
  name: 'tRPC subscription: job.watch',
  request: (jobId, apiKey) => {
    const input = encodeURIComponent(`{"job_id":"${jobId}"}`);
    return get(`/trpc/job.watch?input=${input}`, apiKey);
  },
  begun: /"kind":"queued"/,
  told: /"kind":"done"/,
  ended: /"kind":"(done|failed|cancelled)"/,
};

export const POLLER: Way = {
  name: 'polling: job/status every second',
  request: (jobId, apiKey) => post('/v1/toolkit/job/status', apiKey, `{"job_id":"${jobId}"}`),
  begun: undefined,
  told: /"job_status":"(done|running)"/,
  ended: /"job_status":"(done|failed|cancelled)"/,
};

function get(path: string, apiKey: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: ${apiKey}\r\n\r\n`;
}
