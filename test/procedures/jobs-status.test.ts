// jobs.status: the states of recent jobs.
import { createTRPCClient, httpLink } from '@trpc/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppRouter } from '../../src/index.ts';
import {
  ENDPOINT,
  finishJob,
  post,
  refusal,
  submitJob,
  trpcClient,
  UNKNOWN_ID,
} from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';

const PATH = '/v1/toolkit/jobs/status';

let gateway: TestGateway;
let done: string;
let queued: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  done = (await finishJob(gateway)).job_id;
  queued = await submitJob(gateway);
});

afterAll(() => gateway.close());

describe('200', () => {
  it('byte for byte, latest change first', async () => {
    const { text, json } = await post(gateway, 'read', 'jobs/status', { since_seconds: 600 });
    expect(text).toBe(
      `{"endpoint":"${PATH}","code":200,"id":null,"job_id":null,` +
        `"response":{"${queued}":"queued","${done}":"done"},"message":"success",` +
        `"pid":${process.pid},"queue_id":${gateway.services.store.queueId},` +
        `"run_time":${json.run_time},"queue_time":0,"total_time":${json.total_time},` +
        `"queue_length":1,"build_number":"1.0.0"}`,
    );
  });

  it('with no body, an empty one and an unknown property', async () => {
    const key = gateway.keys.read;
    const headers = { 'content-type': 'application/json' };
    const answers = [
      await gateway.request('POST', PATH, { key }),
      await gateway.request('POST', PATH, { key, rawBody: '', headers }),
      await gateway.request('POST', PATH, { key, body: { limit: 5 } }),
    ];
    for (const { status, json } of answers) {
      expect({ status, response: json.response }).toEqual({
        status: 200,
        response: { [queued]: 'queued', [done]: 'done' },
      });
    }
  });

  it('none from the time to come, none of another tenant', async () => {
    const none = await post(gateway, 'read', 'jobs/status', { since_seconds: 0 });
    expect(none.json.response).toEqual({});
    const key = await createTestKey(gateway.services, 'read', 'other');
    expect((await gateway.request('POST', PATH, { key })).json.response).toEqual({});
  });

  it('over tRPC the same', async () => {
    const typed = await trpcClient(gateway, gateway.keys.read).jobs.status.query();
    expect(typed).toMatchObject({ code: 200, response: { [queued]: 'queued', [done]: 'done' } });
  });
});

describe('400', () => {
  it.each([-1, '600', null, 1e9])('where since_seconds is %j', async (since_seconds) => {
    const { status, json } = await post(gateway, 'read', 'jobs/status', { since_seconds });
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path: 'since_seconds' });
    const client = trpcClient(gateway, gateway.keys.read);
    const over = await refusal(client.jobs.status.query({ since_seconds } as never));
    expect(over).toMatchObject({ httpStatus: 400, issues: json.issues });
  });
});

/** A thousand ids do not fit into a URL. */
function postingClient() {
  const link = { url: `${gateway.url}/trpc`, headers: { 'x-api-key': gateway.keys.read } };
  const links = [httpLink({ ...link, methodOverride: 'POST' })];
  return createTRPCClient<AppRouter>({ links });
}

describe('200 by job_ids', () => {
  const ask = (job_ids: string[]) => post(gateway, 'read', 'jobs/status', { job_ids });

  it('each of them, in the order asked for, unknown ones named as such', async () => {
    const { text, json } = await ask([queued, UNKNOWN_ID, done]);
    const states = `"${queued}":"queued","${UNKNOWN_ID}":"unknown","${done}":"done"`;
    expect(text).toContain(`"response":{${states}},"message":"success"`);
    expect((await ask([done, queued, UNKNOWN_ID])).json.response).toEqual(json.response);
  });

  it('in lower case, and one that is asked for twice once', async () => {
    const { json } = await ask([done.toUpperCase(), done]);
    expect(json.response).toEqual({ [done]: 'done' });
  });

  it('whenever they changed, and nothing of another tenant', async () => {
    const body = { job_ids: [done], since_seconds: 0 };
    const { json } = await post(gateway, 'read', 'jobs/status', body);
    expect(json.response).toEqual({ [done]: 'done' });
    const key = await createTestKey(gateway.services, 'read', 'other');
    const foreign = await gateway.request('POST', PATH, { key, body });
    expect(foreign.json.response).toEqual({ [done]: 'unknown' });
  });

  it('a thousand at once', async () => {
    const jobs = Array.from({ length: 999 }, () => ({ endpoint: ENDPOINT }));
    const accepted = (await post(gateway, 'submit', 'jobs/submit', { jobs })).json.jobs;
    const ids = [done, ...accepted.map(({ job_id }: { job_id: string }) => job_id)];
    const { json } = await ask(ids.toReversed());
    expect(Object.keys(json.response)).toEqual(ids.toReversed());
    expect(new Set(Object.values(json.response))).toEqual(new Set(['queued', 'done']));
    const typed = await postingClient().jobs.status.query({ job_ids: ids.toReversed() });
    expect(typed.response).toEqual(json.response);
  });

  it('over tRPC the same', async () => {
    const job_ids = [UNKNOWN_ID, done];
    const typed = await trpcClient(gateway, gateway.keys.read).jobs.status.query({ job_ids });
    expect(typed.response).toEqual({ [UNKNOWN_ID]: 'unknown', [done]: 'done' });
  });
});

describe('400 by job_ids', () => {
  it.each([
    ['empty', [], 'job_ids'],
    ['1,001', Array.from({ length: 1001 }, () => UNKNOWN_ID), 'job_ids'],
    ['no list', UNKNOWN_ID, 'job_ids'],
    ['with one that is no UUID', [UNKNOWN_ID, 'mine'], 'job_ids.1'],
    ['with null', [null], 'job_ids.0'],
  ])('where they are %s', async (_what, job_ids, path) => {
    const { status, json } = await post(gateway, 'read', 'jobs/status', { job_ids });
    expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path });
    const { query } = postingClient().jobs.status;
    const over = await refusal(query({ job_ids } as never));
    expect(over).toMatchObject({ httpStatus: 400, issues: json.issues });
  });
});
