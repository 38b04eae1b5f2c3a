// webhook.redeliver: sent again at once, under the same id, over both transports.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  claimJob,
  expectAnswer,
  post,
  refusal,
  submitJob,
  trpcClient,
  UNKNOWN_ID,
} from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';
import { WebhookReceiver } from '../webhook-receiver.ts';

const PATH = '/v1/toolkit/webhook/redeliver';

const PATIENCE = { timeout: 15_000 };

let gateway: TestGateway;
let receiver: WebhookReceiver;
let job_id: string;
let delivery_id: string;

beforeAll(async () => {
  receiver = await WebhookReceiver.start(() => ({ status: 410 }));
  gateway = await startTestGateway({ webhookAllow: ['127.0.0.0/8'] });
  job_id = await submitJob(gateway, { webhook_url: receiver.url });
  const lease = await claimJob(gateway);
  await post(gateway, 'work', 'worker/complete', { ...lease, result: 'ok' });
  ({ delivery_id } = await untilState('failed'));
});

afterAll(async () => {
  await gateway.close();
  await receiver.close();
});

async function untilState(state: string): Promise<any> {
  return vi.waitFor(async () => {
    const { json } = await post(gateway, 'read', 'webhook/deliveries', { job_id });
    expect(json.deliveries[0]?.state).toBe(state);
    return json.deliveries[0];
  }, PATIENCE);
}

const redeliver = (id: unknown, key = gateway.keys.submit) =>
  gateway.request('POST', PATH, { key, body: { delivery_id: id } });

describe('200', () => {
  it('also after a 410, and after it was delivered', async () => {
    receiver.reply = () => ({ status: 200 });
    const { status, json } = await redeliver(delivery_id.toUpperCase());
    expect(status).toBe(200);
    expect(json).toMatchObject({ delivery_id, job_id, state: 'pending', reason: null });
    expect((await untilState('delivered')).attempts).toHaveLength(2);
    const client = trpcClient(gateway, gateway.keys.submit);
    const again = await client.webhook.redeliver.mutate({ delivery_id });
    expect(again).toMatchObject({ state: 'pending', attempts: [{ status: 410 }, { status: 200 }] });
    await receiver.untilArrived(3);
    expect(new Set(receiver.arrivals.map(({ id, body }) => id + body)).size).toBe(1);
  });
});

describe('400', () => {
  it('for what is no id', async () => {
    const answer = await redeliver('x');
    expect(answer).toMatchObject({ status: 400, json: { issues: [{ path: 'delivery_id' }] } });
    const client = trpcClient(gateway, gateway.keys.submit);
    const call = client.webhook.redeliver.mutate({ delivery_id: 'x' });
    expect(await refusal(call)).toMatchObject({ httpStatus: 400 });
  });
});

describe('404', () => {
  const NOT_FOUND = { error: 'Delivery not found', code: 404 };

  it('for one that is not there, and for one of another tenant', async () => {
    expectAnswer(await redeliver(UNKNOWN_ID), 404, NOT_FOUND);
    const stranger = await createTestKey(gateway.services, 'admin', 'acme');
    expectAnswer(await redeliver(delivery_id, stranger), 404, NOT_FOUND);
    const call = trpcClient(gateway, stranger).webhook.redeliver.mutate({ delivery_id });
    const expected = { message: 'Delivery not found', code: 'NOT_FOUND', httpStatus: 404 };
    expect(await refusal(call)).toMatchObject({ ...expected, reason: 'delivery_not_found' });
  });
});
