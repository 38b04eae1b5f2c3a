// Errors that nobody foresaw, on every endpoint: masked, each in its own words.
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { appRouter } from '../../src/procedures/router.ts';
import type { Meta } from '../../src/procedures/trpc.ts';
import { expectAnswer } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';

const document = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'));
const OUTSIDE_KEY = 'given-from-outside';
const TABLES = ['jobs', 'keys', 'webhook_secrets', 'audit'];

/** Subscriptions have no route: their own tests refuse for them. */
const routed = Object.entries(appRouter._def.procedures).filter(
  ([, procedure]) => (procedure as any)._def.type !== 'subscription',
);

const endpoints = routed.map(([name, procedure]) => {
  const { meta, type } = (procedure as unknown as { _def: { meta: Meta; type: string } })._def;
  const { method = 'POST', path = '/' } = meta.openapi ?? {};
  const { requestBody } = document.paths[path][method.toLowerCase()];
  const [first] = Object.values<any>(requestBody?.content['application/json'].examples ?? {});
  return { name, type, method, path, failure: meta.failure, body: first?.value };
});

/** Answers from memory: nothing that is broken here can fail it. */
const WITHOUT_TABLES = ['toolkit.authenticate', 'keys.current', 'jobs.activity'];

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ apiKey: OUTSIDE_KEY });
  await makeJobs();
  for (const table of TABLES) rename(table, `${table}_gone`);
});

afterAll(async () => {
  for (const table of TABLES) rename(`${table}_gone`, table);
  await gateway.close();
});

/** What there is none of is not looked for in the file: one that waits and one that failed. */
async function makeJobs(): Promise<void> {
  const endpoint = '/v1/media/transcribe';
  const post = (path: string, body: object) =>
    gateway.request('POST', `/v1/toolkit/${path}`, { key: OUTSIDE_KEY, body });
  for (let n = 0; n < 2; n += 1) await post('job/submit', { endpoint });
  const claimed = await post('worker/claim', { worker_id: 'w', endpoints: [endpoint] });
  const [{ job_id, lease_token }] = claimed.json.jobs;
  const failed = { job_id, lease_token, message: 'no audio', retry: false };
  expectAnswer(await post('worker/fail', failed), 200, { job_id, job_status: 'failed' });
}

function rename(table: string, to: string): void {
  const database = new Database(gateway.databasePath);
  database.exec(`ALTER TABLE ${table} RENAME TO ${to}`);
  database.close();
}

describe('500', () => {
  const failing = endpoints.filter(({ name }) => !WITHOUT_TABLES.includes(name));

  it.each(failing)('$name says what failed, and nothing of the inside', async (endpoint) => {
    const { method, path, failure, body } = endpoint;
    const error = `Failed to ${failure}: the job store is damaged`;
    const answer = await gateway.request(method, path, { key: OUTSIDE_KEY, body });
    expectAnswer(answer, 500, { error, code: 500 });
    const over = await callTrpc(endpoint);
    const data = { code: 'INTERNAL_SERVER_ERROR', httpStatus: 500, reason: 'internal' };
    expect(over.json.error).toEqual({ message: error, code: -32603, data });
  });

  it.each(endpoints)('$name says so where the keys cannot be read', async (endpoint) => {
    const { method, path, failure, body } = endpoint;
    // Never seen before, so that it cannot be remembered.
    const key = gateway.keys.admin;
    const answer = await gateway.request(method, path, { key, body });
    const error = `Failed to ${failure}: the job store is damaged`;
    expectAnswer(answer, 500, { error, code: 500 });
  });
});

function callTrpc({ name, type, body }: (typeof endpoints)[number]) {
  const input = `?input=${encodeURIComponent(JSON.stringify(body))}`;
  return type === 'query'
    ? gateway.request('GET', `/trpc/${name}${body ? input : ''}`, { key: OUTSIDE_KEY })
    : gateway.request('POST', `/trpc/${name}`, { key: OUTSIDE_KEY, body });
}
