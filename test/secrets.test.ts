// The canaries: secrets and payloads sent everywhere, at the most talkative level; where may they be found?
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startServe, temporaryFolder } from './cli/child.ts';
import { sendBytes } from './http/sockets.ts';
import { WebhookReceiver } from './webhook-receiver.ts';

const canary = (name: string) => `canary-${name}-${randomBytes(12).toString('hex')}`;

const ENV_KEY = canary('env');
const METRICS_TOKEN = canary('token');

/** What callers say of their jobs: it belongs in the database, and nowhere else. */
const WORDS = {
  payload: canary('payload'),
  result: canary('result'),
  failure: canary('failure'),
  progress: canary('progress'),
  idempotency: canary('idempotency'),
  webhookPath: canary('webhook-path'),
  broken: canary('broken'),
};

const ENDPOINT = '/v1/media/transcribe';

type Headers = Record<string, string>;

/** The gateway under test, as a caller with this key. */
class Caller {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async raw(method: string, path: string, body?: string, headers: Headers = {}) {
    const response = await fetch(this.#url + path, {
      method,
      headers: { 'x-api-key': this.#key, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return { status: response.status, text };
  }

  async post(path: string, body: object, headers: Headers = {}) {
    const { status, text } = await this.raw(
      'POST',
      `/v1/toolkit/${path}`,
      JSON.stringify(body),
      headers,
    );
    if (status !== 200 && status !== 202) throw new Error(`${path}: ${status} ${text}`);
    return JSON.parse(text);
  }
}

function newJob(webhook_url?: string) {
  return { endpoint: ENDPOINT, payload: { words: WORDS.payload }, webhook_url };
}

interface Lease {
  job_id: string;
  lease_token: string;
}

/** Jobs that end well, badly and with a webhook; every text a caller can give is in them. */
async function runJobs(caller: Caller, webhookUrl: string): Promise<Lease[]> {
  const claim = { worker_id: 'w', endpoints: [ENDPOINT], max: 10 };
  const idempotent = { 'idempotency-key': WORDS.idempotency };
  await caller.post('job/submit', newJob(webhookUrl), idempotent);
  await caller.post('job/submit', newJob(webhookUrl), idempotent);
  await caller.post('jobs/submit', { jobs: [newJob(), newJob()] });
  const { jobs } = await caller.post('worker/claim', claim);
  expect(jobs).toHaveLength(3);
  const leases: Lease[] = jobs.map(({ job_id, lease_token }: Lease) => ({ job_id, lease_token }));
  const [first, second, third] = leases as [Lease, Lease, Lease];
  await caller.post('worker/progress', { ...first, percent: 5, message: WORDS.progress });
  await caller.post('worker/complete', { ...first, result: { words: WORDS.result } });
  await caller.post('worker/fail', { ...second, message: WORDS.failure, retry: false });
  await caller.post('worker/release', third);
  await caller.post('job/get', { job_id: first.job_id, wait_seconds: 1 });
  return leases;
}

/** Requests that are wrong in every way there is, each with what it should not hold. */
async function askWrongly(url: string, caller: Caller, keys: string[], jobId: string) {
  const submit = '/v1/toolkit/job/submit';
  const { broken } = WORDS;
  await caller.raw('POST', submit, `{"payload": "${broken}`);
  await caller.raw(
    'POST',
    submit,
    JSON.stringify({ endpoint: broken, payload: broken, x: broken }),
  );
  await caller.raw('POST', submit, JSON.stringify(broken));
  await caller.raw('POST', submit, broken, { 'content-type': 'text/plain' });
  await caller.raw('POST', submit, JSON.stringify({ payload: { b: broken.repeat(50_000) } }));
  await caller.raw('POST', `/trpc/job.submit`, JSON.stringify({ endpoint: broken }));
  await caller.raw('POST', `/trpc/${broken}`, broken);
  await caller.raw('GET', `/trpc/job.status?input=${broken}`);
  await caller.raw('GET', `/v1/toolkit/job/events?job_id=${broken}`);
  for (const key of keys) {
    const odd: Headers[] = [
      { authorization: `Bearer ${key}` },
      { 'x-request-id': key },
      { cookie: `key=${key}`, 'user-agent': key, referer: `http://x/?key=${key}` },
      { 'content-type': key },
      { 'last-event-id': key, 'if-none-match': key, prefer: key },
      { 'x-api-key': `${key}x`, 'x-request-id': key.slice(0, 60) },
      { 'x-api-key': `x${key}` },
    ];
    for (const headers of odd) {
      await caller.raw('POST', submit, '{}', headers);
      await caller.raw('GET', `/v1/toolkit/job/events?job_id=${jobId}`, undefined, headers);
      await caller.raw('GET', '/metrics', undefined, headers);
    }
    await caller.raw('GET', `/${key}?api_key=${key}`);
    await caller.raw('GET', `/trpc/${key}?batch=1&input=${key}`);
    await caller.raw('GET', `/trpc/job.status?input=${encodeURIComponent(JSON.stringify(key))}`);
    await caller.raw('POST', '/v1/toolkit/job/status', JSON.stringify({ job_id: key, [key]: key }));
    await caller.raw('DELETE', `/v1/toolkit/job/status/${key}`);
    await sendBytes(url, `GET /${key} HTTP/1.1\r\nx-api-key ${key}\r\n\r\n`);
    await sendBytes(url, `${key} / HTTP/9\r\n\r\n`);
    await sendBytes(url, `CONNECT ${key}:1 HTTP/1.1\r\nHost: ${key}\r\n\r\n`);
  }
}

/** The causes of 500s are logged: with what they failed on? */
async function failInside(databasePath: string, caller: Caller, jobId: string) {
  const database = new Database(databasePath);
  database.exec('ALTER TABLE jobs RENAME TO elsewhere');
  const submit = await caller.raw('POST', '/v1/toolkit/job/submit', JSON.stringify(newJob()));
  const body = JSON.stringify({ job_id: jobId });
  const get = await caller.raw('POST', '/trpc/job.get', body);
  database.exec('ALTER TABLE elsewhere RENAME TO jobs');
  database.close();
  expect(submit.status).toBe(500);
  expect(get.status).not.toBe(200);
}

it('keys are in no log, metric or file, and what jobs hold is in no log or metric', async () => {
  const databasePath = join(temporaryFolder(), 'jobgate.db');
  const receiver = await WebhookReceiver.start(() => ({ status: 500 }));
  onTestFinished(() => receiver.close());
  const gateway = await startServe({
    DATABASE_URL: `file:${databasePath}`,
    LOG_LEVEL: 'trace',
    API_KEY: ENV_KEY,
    METRICS_TOKEN,
    WEBHOOK_ALLOW: '127.0.0.0/8',
    WRONG_KEY_LIMIT: '0',
  });
  const admin = new Caller(gateway.url, ENV_KEY);
  const scopes = ['submit', 'work', 'admin'];
  const made = await admin.post('keys/create', { name: 'stored', scopes });
  const rotated = await admin.post('keys/rotate', { key_id: made.key_id });
  const { secret } = (await admin.post('webhook/secret', {})).secrets[0];
  const keys = [ENV_KEY, METRICS_TOKEN, made.api_key as string, rotated.api_key as string];

  const caller = new Caller(gateway.url, rotated.api_key);
  const leases = await runJobs(caller, `${receiver.url}/${WORDS.webhookPath}`);
  const jobId = leases[0]?.job_id ?? '';
  await askWrongly(gateway.url, caller, [...keys, secret], jobId);
  await failInside(databasePath, caller, jobId);
  await gateway.line('webhook not delivered yet');
  const bearer = { headers: { authorization: `Bearer ${METRICS_TOKEN}` } };
  const metrics = await (await fetch(`${gateway.url}/metrics`, bearer)).text();
  await vi.waitFor(() => expect(gateway.lines.at(-1)).toContain('"route":"/metrics"'));

  // Killed, so that the log of the database is still there.
  gateway.process.kill('SIGKILL');
  const { stdout, stderr } = await gateway.ended;
  const log = stdout + stderr;
  const files = ['', '-wal', '.sums'].map((end) => readFileSync(databasePath + end, 'latin1'));
  // What is searched in is what it should be.
  expect(log.match(/"route":"\/v1\/toolkit\/job\/submit"/g)?.length).toBeGreaterThan(20);
  expect(log).toContain('no such table: jobs');
  expect(metrics).toContain(`jobgate_jobs{endpoint="${ENDPOINT}"`);
  for (const word of [WORDS.payload, WORDS.result, WORDS.failure]) {
    expect(files.some((bytes) => bytes.includes(word))).toBe(true);
  }

  for (const key of keys) {
    // Half of what is secret of jg_<id>_<secret>_<checksum>: a part of a key is none in a log either.
    const part = key.startsWith('jg_') ? (key.split('_')[2] ?? '').slice(0, 32) : key;
    for (const bytes of [log, metrics, ...files]) expect(bytes.includes(part)).toBe(false);
  }
  const tokens = leases.map(({ lease_token }) => lease_token);
  const words = [...Object.values(WORDS), secret as string, ...tokens];
  expect(words.filter((word) => log.includes(word) || metrics.includes(word))).toEqual([]);
});
