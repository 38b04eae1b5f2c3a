// Open calls: a key that is revoked or expires ends its streams and waits, and nobody else's.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectAnswer, post, submitJob } from '../clients.ts';
import { openStream } from '../event-stream.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';
import { subscribingClient } from '../subscribing-client.ts';

const UNAUTHORIZED = { error: 'Unauthorized', code: 401 };

const clock = new HeldClock();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ clock });
});

afterAll(() => gateway.close());

const idOf = (key: string) => key.split('_')[1] ?? '';

const revoke = (key: string) => post(gateway, 'admin', 'keys/revoke', { key_id: idOf(key) });

const open = () => gateway.services.openCalls.size;

/** Once so many calls are open. */
async function opened(count: number): Promise<void> {
  await expect.poll(open, { interval: 5, timeout: 10_000 }).toBe(count);
}

it('revoked, it ends waits with 401 and streams, at once; those of others go on', async () => {
  const job_id = await submitJob(gateway, { delay_seconds: 3600 });
  const key = await createTestKey(gateway.services, 'admin');
  const wait = (path: string, body: object, as = key) =>
    gateway.request('POST', `/v1/toolkit/${path}`, { key: as, body });
  const claim = { worker_id: 'w', endpoints: ['/v1/none'], wait_seconds: 30 };
  const waits = [
    wait('job/status', { job_id, wait_seconds: 55 }),
    wait('job/get', { job_id, wait_seconds: 55, wait_for: 'change' }),
    wait('worker/claim', claim),
  ];
  const stream = await openStream({ ...gateway, keys: { ...gateway.keys, read: key } }, job_id);
  const other = wait('job/status', { job_id, wait_seconds: 55 }, gateway.keys.read);
  await opened(5);
  await revoke(key);
  for (const answer of await Promise.all(waits)) expectAnswer(answer, 401, UNAUTHORIZED);
  expect((await stream.rest()).map(({ event }) => event)).toEqual(['change']);
  await opened(1);
  await post(gateway, 'submit', 'job/cancel', { job_id });
  expect((await other).status).toBe(200);
  await opened(0);
});

it.each(['job', 'jobs'] as const)('%s.watch over tRPC is over, for good', async (noun) => {
  const job_id = await submitJob(gateway, { delay_seconds: 3600 });
  const key = await createTestKey(gateway.services, 'read');
  const client = subscribingClient(gateway, key);
  const ended = Promise.withResolvers<unknown>();
  const handlers = { onError: ended.resolve, onComplete: () => ended.resolve('complete') };
  const stop =
    noun === 'job'
      ? client.job.watch.subscribe({ job_id }, handlers)
      : client.jobs.watch.subscribe({}, handlers);
  await opened(1);
  await revoke(key);
  expect(await ended.promise).toMatchObject({ data: { code: 'UNAUTHORIZED' } });
  stop.unsubscribe();
  await opened(0);
});

it('expired or rotated without overlap, the same', async () => {
  const job_id = await submitJob(gateway, { delay_seconds: 3600 });
  const body = { job_id, wait_seconds: 55 };
  const wait = (key: string) => gateway.request('POST', '/v1/toolkit/job/status', { key, body });
  const expires_at = clock.now() + 10_000;
  const brief = (await post(gateway, 'admin', 'keys/create', { expires_at })).json.api_key;
  const rotated = await createTestKey(gateway.services, 'read');
  const waits = [wait(brief), wait(rotated)];
  await opened(2);
  await post(gateway, 'admin', 'keys/rotate', { key_id: idOf(rotated), overlap_seconds: 0 });
  await opened(1);
  clock.advance(10);
  for (const answer of await Promise.all(waits)) expectAnswer(answer, 401, UNAUTHORIZED);
});
