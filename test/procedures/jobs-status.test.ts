// jobs.status: the states of recent jobs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finishJob, post, refusal, submitJob, trpcClient } from '../clients.ts';
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
