// Delayed jobs over a real gateway: not claimed before their time, and at once when it comes.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { claimJob, ENDPOINT, expectAnswer, post, submitJob } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';

let clock: HeldClock;
let gateway: TestGateway;

beforeEach(async () => {
  clock = new HeldClock();
  gateway = await startTestGateway({ clock });
});

afterEach(() => gateway.close());

const claim = (fields: object = {}) =>
  post(gateway, 'work', 'worker/claim', { worker_id: 'tester', endpoints: [ENDPOINT], ...fields });

const readyJobs = async () => (await post(gateway, 'read', 'jobs/stats', {})).json.queue_length;

/** The maintenance has woken what is due. */
async function becomeReady(count: number): Promise<void> {
  await expect.poll(readyJobs, { interval: 10 }).toBe(count);
}

it.each([
  ['delay_seconds', () => ({ delay_seconds: 1.5 })],
  ['run_at', () => ({ run_at: clock.now() + 1500 })],
])('by %s: no worker gets it before, and a waiting one gets it then', async (_field, fields) => {
  const job_id = await submitJob(gateway, { ...fields(), priority: 100 });
  clock.advance(1.499);
  expect(await gateway.services.store.wakeDelayed(10)).toBe(0);
  expectAnswer(await claim(), 200, { jobs: [] });
  const waiting = claim({ wait_seconds: 30 });
  await expect.poll(() => gateway.services.queue.waiting, { interval: 5 }).toBe(1);
  clock.advance(0.001);
  expect((await waiting).json.jobs).toMatchObject([{ job_id, attempt: 1 }]);
});

it('a run_at that is past, and a delay of 0, are for now', async () => {
  const past = await submitJob(gateway, { run_at: 1 });
  const now = await submitJob(gateway, { delay_seconds: 0 });
  expect(await readyJobs()).toBe(2);
  expect((await claimJob(gateway)).job_id).toBe(past);
  expect((await claimJob(gateway)).job_id).toBe(now);
});

it('they go by when they are due, whatever order they came in', async () => {
  const late = await submitJob(gateway, { delay_seconds: 20 });
  const early = await submitJob(gateway, { delay_seconds: 10 });
  clock.advance(20);
  await becomeReady(2);
  expect((await claimJob(gateway)).job_id).toBe(early);
  expect((await claimJob(gateway)).job_id).toBe(late);
});

it('more of them than one batch are all woken', async () => {
  const jobs = Array.from({ length: 350 }, () => ({ endpoint: ENDPOINT, delay_seconds: 5 }));
  await post(gateway, 'submit', 'jobs/submit', { jobs });
  expect(await readyJobs()).toBe(0);
  clock.advance(5);
  await becomeReady(350);
});

it('they are counted by MAX_QUEUE_LENGTH, but not in queue_length', async () => {
  const own = await startTestGateway({ clock, maxQueueLength: 2 });
  const submit = () => post(own, 'submit', 'job/submit', { endpoint: ENDPOINT, delay_seconds: 60 });
  const answers = [await submit(), await submit(), await submit()];
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 429]);
  expect(answers[1]?.json.queue_length).toBe(0);
  await own.close();
});
