// webhook.failures: every webhook that failed, whosever job it was of, over both transports.
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  claimJob,
  ENDPOINT,
  expectAnswer,
  post,
  refusal,
  submitJob,
  trpcClient,
} from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';
import { WebhookReceiver } from '../webhook-receiver.ts';

const PATH = '/v1/toolkit/webhook/failures';
const PATIENCE = { timeout: 15_000 };
const NONE = { count: 0, deliveries: [] };

let gateway: TestGateway;
let receiver: WebhookReceiver;

beforeAll(async () => {
  receiver = await WebhookReceiver.start(() => ({ status: 410, body: 'gone' }));
  gateway = await startTestGateway({ webhookAllow: ['127.0.0.0/8'] });
});

afterAll(async () => {
  await gateway.close();
  await receiver.close();
});

async function ownGateway(): Promise<TestGateway> {
  const own = await startTestGateway({ webhookAllow: ['127.0.0.0/8'] });
  onTestFinished(() => own.close());
  return own;
}

const list = (body?: unknown, of = gateway) => post(of, 'read', 'webhook/failures', body);

/** Ends a job, whose webhook is answered 410. */
async function failWebhook(of: TestGateway): Promise<string> {
  const before = (await list({}, of)).json.count;
  const job_id = await submitJob(of, { webhook_url: receiver.url });
  const lease = await claimJob(of);
  await post(of, 'work', 'worker/complete', { ...lease, result: 'ok' });
  await vi.waitFor(async () => {
    expect((await list({}, of)).json.count).toBe(before + 1);
  }, PATIENCE);
  return job_id;
}

describe('200', () => {
  it('where none failed, with a body and without', async () => {
    expectAnswer(await list({}), 200, NONE);
    expectAnswer(await list(), 200, NONE);
    expectAnswer(await list({ limit: 100 }), 200, NONE);
  });

  it('has what webhook.deliveries has, and the kind of work; the latest first', async () => {
    const own = await ownGateway();
    const jobIds = [await failWebhook(own), await failWebhook(own)];
    const told = jobIds.map(async (job_id) => {
      const { json } = await post(own, 'read', 'webhook/deliveries', { job_id });
      return { ...json.deliveries[0], endpoint: ENDPOINT };
    });
    const [first, second] = await Promise.all(told);
    expect(second).toMatchObject({ state: 'failed', reason: 'gone', next_attempt_at: null });
    expect(second.attempts).toMatchObject([{ attempt: 1, status: 410, excerpt: 'gone' }]);
    expectAnswer(await list({}, own), 200, { count: 2, deliveries: [second, first] });
    expectAnswer(await list({ limit: 1 }, own), 200, { count: 2, deliveries: [second] });
    const client = trpcClient(own, own.keys.read);
    expect(await client.webhook.failures.query()).toEqual((await list({}, own)).json);
    expect((await client.webhook.failures.query({ limit: 1 })).deliveries).toEqual([second]);
  });

  it('no more has one that is sent again, or whose job is removed', async () => {
    const own = await ownGateway();
    const removed = await failWebhook(own);
    await failWebhook(own);
    receiver.reply = () => ({ status: 204 });
    onTestFinished(() => void (receiver.reply = () => ({ status: 410, body: 'gone' })));
    const [{ delivery_id }] = (await list({}, own)).json.deliveries;
    await post(own, 'submit', 'webhook/redeliver', { delivery_id });
    expect((await list({}, own)).json).toMatchObject({
      count: 1,
      deliveries: [{ job_id: removed }],
    });
    await post(own, 'submit', 'job/delete', { job_id: removed });
    expectAnswer(await list({}, own), 200, NONE);
  });

  it('has none of another tenant', async () => {
    const own = await ownGateway();
    await failWebhook(own);
    const key = await createTestKey(own.services, 'admin', 'stranger');
    expectAnswer(await own.request('POST', PATH, { key, body: {} }), 200, NONE);
  });
});

describe('400', () => {
  it.each([
    ['limit', 0],
    ['limit', 101],
    ['limit', 1.5],
    ['limit', '5'],
    ['limit', null],
    ['job_id', 'x'],
    ['tenant', 'default'],
  ])('where %s is %j', async (path, value) => {
    const { status, json } = await list({ [path]: value });
    expect({ status, path: json.issues?.[0].path }).toEqual({ status: 400, path });
    const call = trpcClient(gateway, gateway.keys.read).webhook.failures;
    const over = await refusal(call.query({ [path]: value }));
    expect(over).toMatchObject({ httpStatus: 400, issues: json.issues });
  });
});

describe('403', () => {
  it('a key that may only work', async () => {
    expect((await post(gateway, 'work', 'webhook/failures', {})).status).toBe(403);
    const call = trpcClient(gateway, gateway.keys.work).webhook.failures.query();
    expect(await refusal(call)).toMatchObject({ httpStatus: 403 });
  });
});
