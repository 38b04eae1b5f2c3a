// The shell client: a real process at a real gateway, from submission to every end, and bad networks.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { JobFailure, type Handlers } from '../../src/worker/worker.ts';
import { startJobgate, temporaryFolder, type Child } from '../cli/child.ts';
import { post, UNKNOWN_ID } from '../clients.ts';
import type { TestGateway } from '../gateway.ts';
import { environmentOf, useGateway, work } from '../used-gateway.ts';
import { startFront } from './front.ts';

const CLIENT = fileURLToPath(new URL('../../examples/shell-client/jobgate.sh', import.meta.url));
const ECHO = '/v1/test/echo';
const FAIL = '/v1/test/fail';

const handlers: Handlers = {
  [ECHO]: async (job) => job.payload['give'],
  [FAIL]: async () => {
    throw new JobFailure('no "audio" in it', { code: 422, retry: false });
  },
};

function start(gateway: TestGateway, args: string[], environment = {}): Child {
  const known = environmentOf(gateway);
  return startJobgate([], { ...known, ...environment }, () => ['sh', CLIENT, ...args]);
}

const run = (...given: Parameters<typeof start>) => start(...given).ended;

async function jobCount(gateway: TestGateway): Promise<number> {
  return (await post(gateway, 'read', 'jobs/list', {})).json.jobs.length;
}

it('prints the result, and nothing else on stdout', async () => {
  const gateway = await useGateway();
  work(gateway, handlers);
  const ended = await run(gateway, ['run', ECHO, '{"give": {"text": "Grüße"}}']);
  expect(ended).toMatchObject({ code: 0, stdout: '{"text":"Grüße"}\n' });
  expect(ended.stderr).toMatch(/^submitted [0-9a-f-]{36}\n$/);
});

it.each<[string, unknown]>([
  ['what looks like an envelope', { job_status: 'failed', response: { message: 'no', pid: 1 } }],
  ['a text full of quotes', '","message":"\\"response\\":{"pid"'],
  ['null', null],
  ['much', 'x"y'.repeat(200_000)],
])('takes %s as the result that it is', async (_what, give) => {
  const gateway = await useGateway();
  work(gateway, handlers);
  const payload = join(temporaryFolder(), 'payload.json');
  writeFileSync(payload, JSON.stringify({ give }));
  const script = `"${CLIENT}" run ${ECHO} - <"${payload}"`;
  const { code, stdout } = await startJobgate([], environmentOf(gateway), () => [
    'sh',
    '-c',
    script,
  ]).ended;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual(give);
});

it('submits and waits in two steps, over as many calls as it takes', async () => {
  const gateway = await useGateway();
  const submitted = await run(gateway, ['submit', ECHO, '{"give": 7}']);
  const jobId = submitted.stdout.trim();
  const front = await startFront(gateway.url);
  const environment = { JOBGATE_URL: front.url, JOBGATE_WAIT_SECONDS: '1' };
  const waiting = start(gateway, ['wait', jobId], environment);
  await expect.poll(() => front.passed.length, { interval: 20, timeout: 5000 }).toBe(1);
  work(gateway, handlers);
  expect(await waiting.ended).toMatchObject({
    code: 0,
    stdout: '7\n',
    stderr: `${jobId} is queued\n`,
  });
});

it('ends with a code of its own for each outcome', async () => {
  const gateway = await useGateway();
  work(gateway, handlers);
  const failed = await run(gateway, ['run', FAIL]);
  expect(failed).toMatchObject({ code: 30, stdout: '' });
  expect(failed.stderr).toMatch(/ failed: "no \\"audio\\" in it"\n$/);

  const { stdout } = await run(gateway, ['submit', '/v1/test/nobody']);
  const job_id = stdout.trim();
  await post(gateway, 'submit', 'job/cancel', { job_id });
  const cancelled = { code: 31, stdout: '', stderr: `${job_id} was cancelled\n` };
  expect(await run(gateway, ['wait', job_id])).toMatchObject(cancelled);

  expect((await run(gateway, ['wait', UNKNOWN_ID])).code).toBe(33);
  const refused = await run(gateway, ['submit', ECHO, '{"give": '], {});
  expect(refused).toMatchObject({ code: 34, stdout: '' });
  expect(refused.stderr).toContain('refused with 400');
  expect((await run(gateway, ['submit', ECHO], { JOBGATE_API_KEY: 'jg_no' })).code).toBe(34);
  expect((await run(gateway, ['submit', ECHO], { JOBGATE_API_KEY: '' })).code).toBe(2);
  expect((await run(gateway, ['sumbit', ECHO])).code).toBe(2);
  const nowhere = { JOBGATE_URL: 'http://127.0.0.1:9', JOBGATE_RETRIES: '0' };
  const unanswered = await run(gateway, ['submit', ECHO], nowhere);
  expect(unanswered).toMatchObject({ code: 35, stdout: '' });
  expect(unanswered.stderr).toMatch(/^http:\/\/127.0.0.1:9 does not answer: curl: .*\n$/);
});

it('makes one job where the answer to the submission was lost', async () => {
  const gateway = await useGateway();
  const front = await startFront(gateway.url, (_call, nth) => nth === 1);
  const ended = await run(gateway, ['submit', ECHO], { JOBGATE_URL: front.url });
  expect(ended.code).toBe(0);
  expect(front.passed.map(({ status }) => status)).toEqual([202, 202]);
  expect(await jobCount(gateway)).toBe(1);
});

it('makes one job of two runs with the same key', async () => {
  const gateway = await useGateway();
  const key = { JOBGATE_IDEMPOTENCY_KEY: 'order-17' };
  const runs = [
    await run(gateway, ['submit', ECHO], key),
    await run(gateway, ['submit', ECHO], key),
  ];
  expect(runs[0]?.stdout).toBe(runs[1]?.stdout);
  expect(await jobCount(gateway)).toBe(1);
});

it('waits as long as a full queue says, and then is taken', async () => {
  const gateway = await useGateway({ maxQueueLength: 1 });
  await run(gateway, ['submit', ECHO]);
  const front = await startFront(gateway.url);
  const submitting = start(gateway, ['submit', ECHO], { JOBGATE_URL: front.url });
  await expect.poll(() => front.passed[0]?.status, { interval: 20 }).toBe(429);
  work(gateway, handlers);
  expect((await submitting.ended).code).toBe(0);
  const [first, second, ...more] = front.passed;
  expect({ second: second?.status, more }).toEqual({ second: 202, more: [] });
  expect(first?.retryAfterSeconds).toBeGreaterThan(1);
  const waited = second!.answeredAt - first!.answeredAt;
  expect(waited).toBeGreaterThan(first!.retryAfterSeconds * 1000 - 10);
});
