// The gateway as its users call it in tests: a typed tRPC client, and the steps of a job's life.
import { createTRPCClient, httpLink, TRPCClientError, type TRPCClient } from '@trpc/client';
import { expect } from 'vitest';
import type { AppRouter } from '../src/index.ts';
import type { TestAnswer, TestGateway } from './gateway.ts';

export const ENDPOINT = '/v1/media/transcribe';

/** A job that does not exist. */
export const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

export function trpcClient({ url }: TestGateway, key?: string): TRPCClient<AppRouter> {
  const headers = key === undefined ? {} : { 'x-api-key': key };
  return createTRPCClient<AppRouter>({ links: [httpLink({ url: `${url}/trpc`, headers })] });
}

/** What a refused tRPC call says: its message and the data of its error. */
export async function refusal(call: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TRPCClientError)) throw new Error('the call was not refused');
  return { message: error.message, ...(error.data as object) };
}

/** Ours is the status, the JSON type with its charset, and nothing but this body. */
export function expectAnswer(answer: TestAnswer, status: number, body: unknown): void {
  expect({ status: answer.status, body: answer.json }).toEqual({ status, body });
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
}

export interface Lease {
  job_id: string;
  lease_token: string;
}

/** Submits a job; gives its id. */
export async function submitJob(gateway: TestGateway, fields: object = {}): Promise<string> {
  const answer = await post(gateway, 'submit', 'job/submit', { endpoint: ENDPOINT, ...fields });
  expect(answer.status).toBe(202);
  return answer.json.job_id;
}

/** Claims the next job. */
export async function claimJob(gateway: TestGateway, fields: object = {}): Promise<Lease> {
  const claim = { worker_id: 'tester', endpoints: [ENDPOINT], ...fields };
  const { status, json } = await post(gateway, 'work', 'worker/claim', claim);
  expect({ status, jobs: json.jobs }).toEqual({ status: 200, jobs: [expect.anything()] });
  const [{ job_id, lease_token }] = json.jobs;
  return { job_id, lease_token };
}

/** Submits a job and claims it. */
export async function startJob(gateway: TestGateway, fields: object = {}): Promise<Lease> {
  const jobId = await submitJob(gateway, fields);
  const lease = await claimJob(gateway);
  expect(lease.job_id).toBe(jobId);
  return lease;
}

/** Submits a job, claims it and completes it. */
export async function finishJob(gateway: TestGateway, result: unknown = 'ok'): Promise<Lease> {
  const lease = await startJob(gateway);
  const { status } = await post(gateway, 'work', 'worker/complete', { ...lease, result });
  expect(status).toBe(200);
  return lease;
}

/** POSTs to `/v1/toolkit/<path>` with the key of a scope. */
export function post(
  gateway: TestGateway,
  scope: keyof TestGateway['keys'],
  path: string,
  body: unknown,
): Promise<TestAnswer> {
  return gateway.request('POST', `/v1/toolkit/${path}`, { key: gateway.keys[scope], body });
}
