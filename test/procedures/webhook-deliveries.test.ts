// webhook.deliveries: a job's webhooks, every attempt of them, over both transports.
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
import { assertDocumentedWebhook } from '../openapi-answers.ts';
import { WebhookReceiver } from '../webhook-receiver.ts';

const PATIENCE = { timeout: 15_000 };

let gateway: TestGateway;
let receiver: WebhookReceiver;

beforeAll(async () => {
  receiver = await WebhookReceiver.start();
  gateway = await startTestGateway({ webhookAllow: ['127.0.0.0/8'] });
});

afterAll(async () => {
  await gateway.close();
  await receiver.close();
});

const list = (job_id: unknown, key = gateway.keys.read) =>
  gateway.request('POST', '/v1/toolkit/webhook/deliveries', { key, body: { job_id } });

async function finishJob(): Promise<string> {
  const job_id = await submitJob(gateway, { webhook_url: receiver.url });
  const lease = await claimJob(gateway);
  await post(gateway, 'work', 'worker/complete', { ...lease, result: 'ok' });
  return job_id;
}

async function untilState(job_id: string, state: string): Promise<any> {
  return vi.waitFor(async () => {
    const { json } = await list(job_id);
    expect(json.deliveries[0]?.state).toBe(state);
    return json;
  }, PATIENCE);
}

describe('200', () => {
  it('has the delivery and its attempt', async () => {
    receiver.reply = () => ({ status: 200, body: 'thanks' });
    const job_id = await finishJob();
    const json = await untilState(job_id, 'delivered');
    const { id, body, headers } = receiver.arrivals.at(-1)!;
    assertDocumentedWebhook(JSON.parse(body), headers);
    expect(json).toEqual({
      deliveries: [
        {
          delivery_id: id,
          job_id,
          job_status: 'done',
          url: receiver.url,
          state: 'delivered',
          reason: null,
          attempts: [
            {
              attempt: 1,
              at: expect.any(Number),
              status: 200,
              error: null,
              duration_ms: expect.any(Number),
              excerpt: 'thanks',
            },
          ],
          next_attempt_at: null,
          created_at: expect.any(Number),
          ended_at: expect.any(Number),
        },
      ],
    });
    const client = trpcClient(gateway, gateway.keys.read);
    expect(await client.webhook.deliveries.query({ job_id })).toEqual(json);
  });

  it('has why it failed, and when it is tried again', async () => {
    receiver.reply = () => ({ status: 410 });
    const gone = await untilState(await finishJob(), 'failed');
    expect(gone.deliveries).toMatchObject([{ reason: 'gone', next_attempt_at: null }]);
    receiver.reply = () => 'close';
    const job_id = await finishJob();
    await vi.waitFor(async () => {
      const { json } = await list(job_id);
      const [delivery] = json.deliveries;
      expect(delivery).toMatchObject({ state: 'pending', next_attempt_at: expect.any(Number) });
      const error = expect.stringContaining('closed the connection');
      expect(delivery.attempts).toMatchObject([{ status: null, error, excerpt: null }]);
    }, PATIENCE);
  });

  it('is empty for a job without webhook_url, and until it ends', async () => {
    expectAnswer(await list(await submitJob(gateway)), 200, { deliveries: [] });
    const waiting = await submitJob(gateway, { webhook_url: receiver.url });
    expectAnswer(await list(waiting), 200, { deliveries: [] });
  });
});

describe('400', () => {
  it('for what is no id', async () => {
    expect(await list('x')).toMatchObject({ status: 400, json: { issues: [{ path: 'job_id' }] } });
    const call = trpcClient(gateway, gateway.keys.read).webhook.deliveries.query({ job_id: 'x' });
    expect(await refusal(call)).toMatchObject({ httpStatus: 400 });
  });
});

describe('404', () => {
  it('for a job that is not there, and for one of another tenant', async () => {
    const body = (job_id: string) => ({ error: 'Job not found', job_id });
    expectAnswer(await list(UNKNOWN_ID), 404, body(UNKNOWN_ID));
    const job_id = await submitJob(gateway);
    const stranger = await createTestKey(gateway.services, 'admin', 'acme');
    expectAnswer(await list(job_id, stranger), 404, body(job_id));
    const call = trpcClient(gateway, stranger).webhook.deliveries.query({ job_id });
    expect(await refusal(call)).toMatchObject({ httpStatus: 404, job_id });
  });
});
