// The Python client: its calls in a real process, against a real gateway and over bad connections.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { JobFailure, type Handlers } from '../../src/worker/worker.ts';
import { startJobgate, type Child } from '../cli/child.ts';
import { claimJob, ENDPOINT, post, submitJob, UNKNOWN_ID } from '../clients.ts';
import type { TestGateway } from '../gateway.ts';
import { environmentOf, useGateway, work } from '../used-gateway.ts';
import { startFront } from './front.ts';

const CLIENT = fileURLToPath(new URL('../../examples/python-client/jobgate.py', import.meta.url));
const ECHO = '/v1/test/echo';
const FAIL = '/v1/test/fail';

const handlers: Handlers = {
  [ECHO]: async (job, ctx) => {
    ctx.progress({ percent: 50, phase: 'echo' });
    return job.payload['give'];
  },
  [FAIL]: async () => {
    throw new JobFailure('no audio in it', { code: 422, retry: false });
  },
};

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) process.stderr.write('No python3 on this machine: its client is not tested.\n');

function start(gateway: TestGateway, args: string[], environment = {}): Child {
  const known = {
    ...environmentOf(gateway),
    PYTHONPATH: dirname(CLIENT),
    PYTHONDONTWRITEBYTECODE: '1',
    ...environment,
  };
  return startJobgate([], known, () => ['python3', '-u', ...args]);
}

/** Runs a program that has the client's names and `jobs`; gives the lines it printed, as JSON. */
async function run(gateway: TestGateway, program: string, environment = {}): Promise<unknown[]> {
  const { code, stdout, stderr } = await startProgram(gateway, program, environment).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function startProgram(gateway: TestGateway, program: string, environment = {}): Child {
  const prelude = `
import json, os
from jobgate import *
jobs = Jobgate(os.environ["JOBGATE_URL"], os.environ["JOBGATE_API_KEY"])
def show(value): print(json.dumps(value))
def error_of(call, *args, **fields):
    try:
        call(*args, **fields)
    except Exception as error:
        return [type(error).__name__, str(error), getattr(error, "code", getattr(error, "status", None))]
`;
  return start(gateway, ['-W', 'error', '-c', prelude + program], environment);
}

const kinds = (events: unknown[]) => events.map((event) => (event as { kind: string }).kind);

describe.skipIf(!hasPython)('the Python client (left out where there is no python3)', () => {
  it('is of Python 3.9', () => {
    const program = `import ast; ast.parse(open("${CLIENT}").read(), feature_version=(3, 9))`;
    expect(spawnSync('python3', ['-c', program]).status).toBe(0);
  });

  it('submits, waits and gives the result', async () => {
    const gateway = await useGateway();
    work(gateway, handlers);
    const give = { text: 'Grüße \ud83d\ude00', list: [1, null, 0.5] };
    const [result] = await run(
      gateway,
      `show(jobs.wait_for(jobs.submit("${ECHO}", {"give": ${JSON.stringify(give).replace('null', 'None')}}, priority=3)))`,
    );
    expect(result).toEqual(give);
    const { json } = await post(gateway, 'read', 'jobs/list', {});
    expect(json.jobs).toMatchObject([{ endpoint: ECHO, priority: 3 }]);
  });

  it('raises what became of a job that has no result', async () => {
    const gateway = await useGateway();
    work(gateway, handlers);
    const waiting = await submitJob(gateway);
    const errors = await run(
      gateway,
      `
show(error_of(jobs.wait_for, jobs.submit("${FAIL}")))
show(error_of(jobs.wait_for, "${waiting}", timeout_seconds=0.1))
show(jobs.cancel("${waiting}")["job_status"])
show(error_of(jobs.wait_for, "${waiting}"))
show(error_of(jobs.status, "${UNKNOWN_ID}"))
show(error_of(jobs.submit, "no path"))
show(error_of(Jobgate(jobs.url, "jg_no").status, "${UNKNOWN_ID}"))
show(error_of(Jobgate("http://127.0.0.1:9", "", retry_seconds=0).cancel, "${UNKNOWN_ID}"))
`,
    );
    expect(errors).toEqual([
      ['JobFailed', 'no audio in it', 422],
      ['TimeoutError', `job ${waiting} is still queued`, null],
      'cancelled',
      ['JobCancelled', 'cancelled', 499],
      ['JobNotFound', `there is no job ${UNKNOWN_ID}`, 404],
      ['JobgateError', expect.stringContaining('answered 400: Invalid payload: endpoint'), 400],
      ['JobgateError', 'the gateway answered 401: Unauthorized', 401],
      ['JobgateError', expect.stringContaining('does not answer'), null],
    ]);
  });

  it('gives the events until the end, and later those after one', async () => {
    const gateway = await useGateway();
    work(gateway, handlers);
    const events = await run(
      gateway,
      `
job_id = jobs.submit("${ECHO}", {"give": "x"})
events = list(jobs.events(job_id))
for event in events: show(event)
show([event["kind"] for event in jobs.events(job_id, after=events[-2]["seq"])])
show(list(jobs.events(job_id, after=events[-1]["seq"])))
`,
    );
    // Progress that the worker's result overtakes is not told.
    const told = kinds(events.slice(0, -2)).filter((kind) => kind !== 'progress');
    expect(told).toEqual(['queued', 'running', 'done']);
    expect(events.slice(-2)).toEqual([['done'], []]);
  });

  it('resumes its events where the connection broke: none twice, none left out', async () => {
    const gateway = await useGateway();
    const front = await startFront(gateway.url);
    const jobId = await submitJob(gateway);
    const program = `for event in jobs.events("${jobId}"): show(event)`;
    const child = startProgram(gateway, program, { JOBGATE_URL: front.url });
    await child.line('"queued"');
    const lease = await claimJob(gateway);
    await child.line('"running"');
    front.cut();
    await post(gateway, 'work', 'worker/complete', { ...lease, result: 'x' });
    const { code, stdout } = await child.ended;
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect({ code, kinds: kinds(events) }).toEqual({
      code: 0,
      kinds: ['queued', 'running', 'done'],
    });
    expect(front.passed.map((call) => call.requestHeaders['last-event-id'])).toEqual([
      '0',
      String(events[1].seq),
    ]);
  });

  it('makes one job where the answer to the submission was lost', async () => {
    const gateway = await useGateway();
    const front = await startFront(gateway.url, (_call, nth) => nth <= 2);
    const [jobId] = await run(gateway, `show(jobs.submit("${ENDPOINT}"))`, {
      JOBGATE_URL: front.url,
    });
    expect(front.passed.map(({ status }) => status)).toEqual([202, 202, 202]);
    const { json } = await post(gateway, 'read', 'jobs/list', {});
    expect(json.jobs).toMatchObject([{ job_id: jobId }]);
  });

  it('asks again as late as Retry-After says', async () => {
    const gateway = await useGateway({ maxWaiters: 1 });
    const job_id = await submitJob(gateway);
    const waiting = post(gateway, 'read', 'job/status', { job_id, wait_seconds: 30 });
    await expect.poll(() => gateway.services.queue.waiting, { interval: 20 }).toBe(1);
    const front = await startFront(gateway.url);
    const program = `show(error_of(jobs.wait_for, "${job_id}")[0])`;
    const child = startProgram(gateway, program, { JOBGATE_URL: front.url });
    await expect.poll(() => front.passed[0]?.status, { interval: 20, timeout: 5000 }).toBe(429);
    await post(gateway, 'submit', 'job/cancel', { job_id });
    expect((await child.ended).stdout).toBe('"JobCancelled"\n');
    const [first, second, ...more] = front.passed;
    expect({ second: second?.status, more }).toEqual({ second: 200, more: [] });
    const waited = second!.answeredAt - first!.answeredAt;
    expect(waited).toBeGreaterThan(first!.retryAfterSeconds * 1000 - 10);
    expect((await waiting).status).toBe(200);
  });

  it('from the command line tells the events and prints the result', async () => {
    const gateway = await useGateway();
    const child = start(gateway, [CLIENT, ECHO]);
    let told = '';
    child.process.stderr?.on('data', (text: Buffer) => (told += String(text)));
    await expect.poll(() => told, { interval: 20, timeout: 10_000 }).toMatch(/^queued/);
    const lease = await claimJob(gateway, { endpoints: [ECHO] });
    // Progress that the result overtakes is not told: this one is waited for.
    await post(gateway, 'work', 'worker/progress', { ...lease, percent: 50 });
    await expect.poll(() => told, { interval: 20, timeout: 10_000 }).toContain('progress');
    await post(gateway, 'work', 'worker/complete', { ...lease, result: [1] });
    const done = await child.ended;
    expect(done).toMatchObject({ code: 0, stdout: '[1]\n' });
    expect(done.stderr).toMatch(/^queued .*\nrunning .*\nprogress .*\ndone .*\n$/);
  });

  it('from the command line says why there is no result', async () => {
    const gateway = await useGateway();
    work(gateway, handlers);
    const failed = await start(gateway, [CLIENT, FAIL]).ended;
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(/\nJobFailed: no audio in it\n$/);
    const wrong = await start(gateway, [CLIENT, ECHO, '{']).ended;
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/^Error: [^\n]+\n$/);
  });
});
