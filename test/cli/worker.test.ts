// `jobgate worker` as a process: its handlers file, its log, its signals, and its complaints.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { JOB_EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { endOf, getJob, submit } from '../worker/test-worker.ts';
import { jobgate, startJobgate, temporaryFolder, type Child } from './child.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

function handlersFile(source: string, name = 'handlers.mts'): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, source);
  return file;
}

function environment() {
  return { JOBGATE_URL: gateway.url, JOBGATE_API_KEY: gateway.keys.work };
}

/** A worker that runs; `log` gives the first line of its log, past or to come, with the text. */
async function startWorker(source: string, args: string[] = []) {
  const child = startJobgate(
    ['worker', '--handlers', handlersFile(source), ...args],
    environment(),
  );
  const lines: string[] = [];
  const reader = createInterface(child.process.stderr!).on('line', (line) => lines.push(line));
  const log = async (text: string): Promise<string> => {
    for (;;) {
      const seen = lines.find((line) => line.includes(text));
      if (seen !== undefined) return seen;
      await Promise.race([once(reader, 'line'), child.ended.then(refuseToWait(lines))]);
    }
  };
  await log(' takes ');
  return { ...child, lines, log };
}

function refuseToWait(lines: string[]) {
  return (): never => {
    throw new Error(`the worker ended: ${lines.join('\n')}`);
  };
}

function stop({ process: child, ended }: Pick<Child, 'process' | 'ended'>) {
  child.kill('SIGTERM');
  return ended;
}

describe('a worker', () => {
  it('runs jobs, and logs a line for each, without payloads or keys', async () => {
    const worker = await startWorker(`
      interface Job { payload: { name: string } }
      export default { '/v1/cli/greet': async (job: Job) => 'hello ' + job.payload.name };
    `);
    const payload = { name: 'a secret of the payload' };
    const jobId = await submit(gateway, '/v1/cli/greet', { payload });
    const end = await endOf(gateway, jobId);
    expect(end).toMatchObject({
      job_status: 'done',
      process_id: worker.process.pid,
      response: { response: 'hello a secret of the payload' },
    });
    expect(await worker.log('done ')).toMatch(
      new RegExp(`^\\S+Z done      ${jobId} /v1/cli/greet in \\d+\\.\\d\\d s$`),
    );
    const { code, stdout, stderr } = await stop(worker);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).not.toContain(payload.name);
    expect(stderr).not.toContain(gateway.keys.work);
    expect(stderr.trim().split('\n').length).toBe(5);
  });

  it('takes the export "handlers", --url and --concurrency', async () => {
    const source = `
      let running = 0;
      const both = Promise.withResolvers();
      export const handlers = {
        '/v1/cli/pair': () => {
          running += 1;
          if (running === 2) both.resolve();
          return both.promise;
        },
      };
    `;
    await startWorker(source, ['--url', gateway.url, '--concurrency', '2']);
    const pair = await Promise.all([
      submit(gateway, '/v1/cli/pair'),
      submit(gateway, '/v1/cli/pair'),
    ]);
    const ends = await Promise.all(pair.map((jobId) => endOf(gateway, jobId)));
    expect(ends.map(({ job_status }) => job_status)).toEqual(['done', 'done']);
  });

  it('keeps what a handler throws on one line of its log', async () => {
    const worker = await startWorker(`
      export default { '/v1/cli/forge': () => { throw new Error('one\\n\\u001b[31mtwo\\r'); } };
    `);
    await submit(gateway, '/v1/cli/forge', { max_attempts: 1 });
    expect(await worker.log('failed ')).toMatch(/, now failed: one \[31mtwo $/);
  });
});

describe('a signal', () => {
  const waits = `
    import { once } from 'node:events';
    export default {
      '/v1/cli/heeds': async (_job, { signal }) => {
        await once(signal, 'abort');
        throw signal.reason;
      },
      '/v1/cli/ignores': () => new Promise((resolve) => setTimeout(resolve, 1e9)),
    };
  `.replace('(_job, { signal })', '(_job: unknown, { signal }: { signal: AbortSignal })');

  it.each(['SIGTERM', 'SIGINT'] as const)('%s hands the job back and exits 0', async (signal) => {
    const worker = await startWorker(waits);
    const jobId = await submit(gateway, '/v1/cli/heeds');
    await worker.log('started ');
    worker.process.kill(signal);
    expect(await worker.ended).toMatchObject({ code: 0, signal: null });
    await worker.log('released ');
    const job = await getJob(gateway, jobId);
    expect(job).toMatchObject({ job_status: 'queued', attempt: 1 });
    await gateway.services.store.cancel({ tenant: 'default', jobId });
  });

  it('a second one ends it at once', async () => {
    const worker = await startWorker(waits);
    await submit(gateway, '/v1/cli/ignores');
    await worker.log('started ');
    worker.process.kill('SIGTERM');
    await worker.log('stopping');
    worker.process.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 128 + 15 });
  });

  it('ends it within the grace though a handler does not heed it', async () => {
    const worker = await startWorker(waits.replaceAll('/v1/cli/', '/v1/cli/alone/'));
    const jobId = await submit(gateway, '/v1/cli/alone/ignores');
    await worker.log('started ');
    worker.process.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
    expect(await getJob(gateway, jobId)).toMatchObject({ job_status: 'queued', attempt: 1 });
  });
});

describe('a complaint is one line', () => {
  const good = `export default { '/v1/cli/x': () => null };`;

  it.each<[string, () => string[], RegExp]>([
    ['no --handlers', () => [], /^--handlers FILE is missing: see --help$/],
    ['no such file', () => ['--handlers', 'nowhere.ts'], /nowhere\.ts: there is no such file$/],
    ['broken code', () => file('export default {'), /broken\.mts does not load: \S/],
    [
      'an error in it',
      () => file('throw new Error("no disk\\nat all")'),
      /does not load: no disk$/,
    ],
    ['no handlers in it', () => file('export const x = 1;'), /export default \{ '\/v1\/some/],
    ['no function', () => file(`export default { '/v1/x': 1 };`), /export default \{ '\/v1\/some/],
    ['no path', () => file(`export default { x: () => 1 };`), /"x" must be a path/],
    ['concurrency', () => [...file(good), '--concurrency', '0'], /concurrency must be a whole/],
    ['concurrency', () => [...file(good), '--concurrency', 'all'], /concurrency must be a whole/],
    ['url', () => [...file(good), '--url', 'localhost'], /url must be an http/],
    ['an unknown flag', () => [...file(good), '--conc', '2'], /--conc/],
    ['one argument too many', () => [...file(good), 'more'], /Unexpected "more"/],
  ])('about %s', async (_what, args, message) => {
    const { code, stdout, stderr } = await jobgate(['worker', ...args()], environment());
    expect(stderr.trimEnd()).toMatch(message);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('about a key that is not set', async () => {
    const { code, stderr } = await jobgate(['worker', ...file(good)]);
    expect(stderr).toMatch(/^JOBGATE_API_KEY is not set: .*\n$/);
    expect(code).toBe(2);
  });

  it('about a key that the gateway does not take, after the log', async () => {
    const key = 'jg_not_a_key_of_this_gateway';
    const env = { ...environment(), JOBGATE_API_KEY: key };
    const { code, stderr } = await jobgate(['worker', ...file(good)], env);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/gives this worker no jobs: .*401/);
    expect(stderr).not.toContain(key);
    expect(code).toBe(JOB_EXIT_CODES.refused);
  });

  function file(source: string): string[] {
    return ['--handlers', handlersFile(source, 'broken.mts')];
  }
});

it('--help tells the flags and the variables', async () => {
  const { code, stdout } = await jobgate(['worker', '--help']);
  expect(stdout).toMatch(/--handlers FILE[^]*--url URL[^]*--concurrency N[^]*JOBGATE_API_KEY/);
  expect(code).toBe(0);
});
