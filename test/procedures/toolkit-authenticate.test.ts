// toolkit.authenticate: any good key is told so.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusal, trpcClient } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';

const PATH = '/v1/toolkit/authenticate';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ apiKey: 'given-from-outside' });
});

afterAll(() => gateway.close());

describe('200', () => {
  it.each(['read', 'submit', 'work', 'admin'] as const)('with a key of %s', async (scope) => {
    const { text, json } = await gateway.request('GET', PATH, { key: gateway.keys[scope] });
    expect(text).toBe(
      `{"endpoint":"${PATH}","code":200,"id":null,"job_id":null,"response":"Authorized",` +
        `"message":"success","pid":${process.pid},"queue_id":${gateway.services.store.queueId},` +
        `"run_time":${json.run_time},"queue_time":0,"total_time":${json.total_time},` +
        `"queue_length":0,"build_number":"1.0.0"}`,
    );
    const typed = await trpcClient(gateway, gateway.keys[scope]).toolkit.authenticate.query();
    expect(typed.response).toBe('Authorized');
  });

  it('with the key given from outside', async () => {
    const { status } = await gateway.request('GET', PATH, { key: 'given-from-outside' });
    expect(status).toBe(200);
  });

  it('as HEAD without a body', async () => {
    const { status, text } = await gateway.request('HEAD', PATH, { key: gateway.keys.read });
    expect({ status, text }).toEqual({ status: 200, text: '' });
  });
});

describe('401', () => {
  it('with no key, over tRPC', async () => {
    const over = await refusal(trpcClient(gateway).toolkit.authenticate.query());
    expect(over).toEqual({
      message: 'Unauthorized',
      code: 'UNAUTHORIZED',
      httpStatus: 401,
      reason: 'unauthorized',
    });
  });
});
