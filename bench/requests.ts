// The HTTP requests that the benchmark sends, as text, and what a right answer to each holds.
import { ENDPOINT, payload, type Filled } from './fill.ts';
import type { Exchange } from './load.ts';

const STATUS_PATH = '/v1/toolkit/job/status';
const SUBMIT_PATH = '/v1/toolkit/job/submit';

/** A status read of one of the file's jobs, chosen at random each time. */
export type ReadBuilder = (file: Pick<Filled, 'jobIds' | 'apiKey'>) => () => Exchange;

export const readOverRest: ReadBuilder = ({ jobIds, apiKey }) => {
  return () => {
    const jobId = anyOf(jobIds);
    return done(jobId, post(STATUS_PATH, apiKey, `{"job_id":"${jobId}"}`));
  };
};

export const readOverTrpc: ReadBuilder = ({ jobIds, apiKey }) => {
  return () => {
    const jobId = anyOf(jobIds);
    const path = `/trpc/job.status?input=${encodeURIComponent(`{"job_id":"${jobId}"}`)}`;
    return done(jobId, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: ${apiKey}\r\n\r\n`);
  };
};

/** Submissions, each with a payload of its own. */
export function submits(apiKey: string): () => Exchange {
  let index = 0;
  return () => {
    index += 1;
    const submission = { endpoint: ENDPOINT, id: `upload-${index}`, payload: payload(index) };
    const request = post(SUBMIT_PATH, apiKey, JSON.stringify(submission));
    return { request, status: 202, marker: '"message":"processing"' };
  };
}

function done(jobId: string, request: string): Exchange {
  return { request, status: 200, marker: `"job_status":"done","job_id":"${jobId}"` };
}

/** The body must be ASCII: its length is counted in characters. */
export function post(path: string, apiKey: string, body: string): string {
  return (
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: ${apiKey}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  );
}

function anyOf(items: readonly string[]): string {
  return items[Math.floor(Math.random() * items.length)] ?? '';
}
