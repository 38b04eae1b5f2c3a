// audit.list: whatever a key changes through the API is there, with the key's id.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finishJob, post, refusal, submitJob, trpcClient } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';

const API_KEY = 'from-the-environment';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ apiKey: API_KEY });
});

afterAll(() => gateway.close());

const idOf = (key: string) => key.split('_')[1] ?? '';

const list = async (filter: object = {}) =>
  (await post(gateway, 'admin', 'audit/list', filter)).json;

const actionsOn = async (job_id: string) => {
  const { entries } = await list({ job_id });
  return entries.map(({ action, key_id }: Record<string, string>) => [action, key_id]);
};

const submit = (path: string, body: object) => post(gateway, 'submit', path, body);

describe('200', () => {
  it('has every change of a job, over both transports, newest first', async () => {
    const by = idOf(gateway.keys.submit);
    const job_id = await submitJob(gateway);
    const client = trpcClient(gateway, gateway.keys.submit);
    await client.job.cancel.mutate({ job_id });
    await submit('job/retry', { job_id });
    await submit('jobs/cancel', { job_ids: [job_id] });
    await client.jobs.retry.mutate({ job_ids: [job_id] });
    await submit('jobs/cancel', { job_ids: [job_id], dry_run: true });
    await submit('job/cancel', { job_id });
    await submit('job/delete', { job_id });
    const verbs = ['delete', 'cancel', 'retry', 'cancel', 'retry', 'cancel', 'submit'];
    expect(await actionsOn(job_id)).toEqual(verbs.map((verb) => [`job.${verb}`, by]));
  });

  it('has each job of jobs.submit', async () => {
    const jobs = [{ endpoint: '/v1/a' }, { endpoint: '/v1/b' }];
    const { json } = await submit('jobs/submit', { jobs });
    for (const { job_id } of json.jobs) {
      expect(await actionsOn(job_id)).toEqual([['job.submit', idOf(gateway.keys.submit)]]);
    }
  });

  it('has what is done to keys, also with the key from the environment', async () => {
    const env = async (verb: string, body: object) => {
      const path = `/v1/toolkit/keys/${verb}`;
      return (await gateway.request('POST', path, { key: API_KEY, body })).json;
    };
    const { key_id } = await env('create', { name: 'n8n', tenant: 'acme' });
    const { key_id: next } = await env('rotate', { key_id });
    await env('revoke', { key_id });
    const { entries } = await list({ key_id: 'env', tenant: 'acme' });
    const about = { tenant: 'acme', key_id: 'env', target: key_id, at: expect.any(Number) };
    expect(entries).toMatchObject([
      { ...about, action: 'keys.revoke', detail: null },
      { ...about, action: 'keys.rotate', detail: { next } },
      { ...about, action: 'keys.create', detail: { name: 'n8n', scopes: ['submit'] } },
    ]);
  });

  it('has the rotation of a webhook secret, and not the secret', async () => {
    await post(gateway, 'admin', 'webhook/secret', {});
    const { json } = await post(gateway, 'admin', 'webhook/secret', { rotate: true });
    const { entries } = await list({ action: 'webhook.secret' });
    const by = idOf(gateway.keys.admin);
    expect(entries).toMatchObject([{ key_id: by, target: 'default', detail: null }]);
    expect(JSON.stringify(entries)).not.toContain(json.secrets[0].secret);
  });

  it('has nothing of reads and of what workers do', async () => {
    const { job_id } = await finishJob(gateway);
    await post(gateway, 'read', 'job/status', { job_id });
    await post(gateway, 'admin', 'keys/list', {});
    expect(await actionsOn(job_id)).toEqual([['job.submit', idOf(gateway.keys.submit)]]);
  });

  it('in pages, over tRPC', async () => {
    const { query } = trpcClient(gateway, gateway.keys.admin).audit.list;
    const all = await query({ limit: 500 });
    const first = await query({ limit: 3 });
    const rest = await query({ limit: 500, cursor: first.next_cursor ?? '' });
    expect([...first.entries, ...rest.entries]).toEqual(all.entries);
    expect(all.next_cursor).toBeNull();
  });
});

describe('400', () => {
  it.each([
    ['action', 'job.read'],
    ['job_id', 'x'],
    ['limit', 501],
    ['cursor', 'x'],
    ['tenant', 'A b'],
  ])('where %s is %j', async (path, value) => {
    const { status, json } = await post(gateway, 'admin', 'audit/list', { [path]: value });
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path });
    const { query } = trpcClient(gateway, gateway.keys.admin).audit.list;
    const over = await refusal(query({ [path]: value }));
    expect(over).toMatchObject({ httpStatus: 400, issues: json.issues });
  });
});
