// `jobgate submit`: ids for scripts, payloads from everywhere, and what is refused in one line.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { JobFailure } from '../../src/worker/worker.ts';
import { ENDPOINT } from '../clients.ts';
import { environmentOf, useGateway, work } from '../used-gateway.ts';
import { getJob } from '../worker/test-worker.ts';
import { jobgate, startJobgate, temporaryFolder } from './child.ts';

const NOWHERE = { JOBGATE_URL: 'http://127.0.0.1:1', JOBGATE_API_KEY: 'jg_x' };

function newFile(text: string): string {
  const file = join(temporaryFolder(), 'payload.json');
  writeFileSync(file, text);
  return file;
}

it('prints the id, and nothing else', async () => {
  const gateway = await useGateway();
  const flags =
    '--payload {"a":"ü"} --id order-17 --priority=-5 --delay-seconds 60 --max-attempts 7';
  const args = ['submit', ENDPOINT, ...flags.split(' ')];
  const ended = await jobgate(args, environmentOf(gateway));
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout).toMatch(/^[0-9a-f-]{36}\n$/);
  const job = await getJob(gateway, ended.stdout.trim());
  expect(job).toMatchObject({
    endpoint: ENDPOINT,
    payload: { a: 'ü' },
    id: 'order-17',
    priority: -5,
    max_attempts: 7,
  });
  expect(job.run_at - job.created_at).toBeCloseTo(60_000, -2);
});

it('makes one job of one idempotency key, and with --json tells the whole answer', async () => {
  const gateway = await useGateway();
  const args = ['submit', ENDPOINT, '--idempotency-key', 'order-17', '--json'];
  const first = await jobgate(args, environmentOf(gateway));
  const second = await jobgate(args, environmentOf(gateway));
  const answer = JSON.parse(first.stdout);
  expect(answer).toMatchObject({ code: 202, message: 'processing' });
  expect(JSON.parse(second.stdout).job_id).toBe(answer.job_id);
});

it.each(['a file', 'standard input'])('reads the payload from %s', async (source) => {
  const gateway = await useGateway();
  const payload = { text: 'ü'.repeat(100_000) };
  const file = newFile(`\uFEFF${JSON.stringify(payload)}\n`);
  const isFile = source === 'a file';
  const args = ['submit', ENDPOINT, '--payload-file', isFile ? file : '-'];
  const piped = (command: string[]) => ['sh', '-c', 'cat "$0" | "$@"', file, ...command];
  const child = startJobgate(args, environmentOf(gateway), isFile ? undefined : piped);
  const { stdout } = await child.ended;
  expect((await getJob(gateway, stdout.trim())).payload).toEqual(payload);
});

it('with --wait prints the result instead, and the rest on stderr', async () => {
  const gateway = await useGateway();
  work(gateway, {
    [ENDPOINT]: async () => ({ text: 'Grüße' }),
    '/v1/fail': async () => {
      throw new JobFailure('no audio\u001B[31m in it', { code: 422, retry: false });
    },
  });
  const done = await jobgate(['submit', ENDPOINT, '--wait'], environmentOf(gateway));
  expect(done).toMatchObject({ code: 0, stdout: '{"text":"Grüße"}\n' });
  expect(done.stderr).toMatch(/^Submitted job [0-9a-f-]{36}\n[^]* done\n$/);
  const failed = await jobgate(['submit', '/v1/fail', '--wait'], environmentOf(gateway));
  expect(failed).toMatchObject({ code: 30, stdout: '' });
  expect(failed.stderr).toMatch(/The job [0-9a-f-]{36} failed with 422: no audio \[31m in it\n$/);
});

describe('refuses in one line', () => {
  it.each<[string, string[], RegExp]>([
    ['no endpoint', [], /^Say what to run[^\n]*\n$/],
    ['a payload cut short', [ENDPOINT, '--payload', '{"a": '], /^--payload is not JSON: .*\n$/],
  ])('%s', async (_what, args, about) => {
    const { code, stdout, stderr } = await jobgate(['submit', ...args], NOWHERE);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(about);
  });

  it('what the gateway refuses, with a code for each reason', async () => {
    const gateway = await useGateway({ maxBodyBytes: 1024 });
    const submit = async (args: string[], environment = {}) => {
      const all = { ...environmentOf(gateway), ...environment };
      const { code, stderr } = await jobgate(['submit', ...args], all);
      return `${code} ${stderr}`;
    };
    const large = newFile(JSON.stringify({ text: 'x'.repeat(2000) }));
    const refusals = await Promise.all([
      submit(['no path']),
      submit([ENDPOINT, '--webhook-url', 'http://127.0.0.1/hook']),
      submit([ENDPOINT, '--payload-file', large]),
      submit([ENDPOINT], { JOBGATE_API_KEY: gateway.keys.read }),
      submit([ENDPOINT], NOWHERE),
    ]);
    expect(refusals).toEqual([
      expect.stringMatching(/^2 [^\n]*endpoint: Must be a path[^\n]*\n$/),
      expect.stringMatching(/^2 [^\n]*webhook_url: [^\n]*WEBHOOK_ALLOW[^\n]*\n$/),
      expect.stringMatching(/^1 [^\n]* 413 [^\n]*\n$/),
      expect.stringMatching(/^34 [^\n]* 403 [^\n]*\n$/),
      expect.stringMatching(/^35 The gateway at [^\n]* does not answer[^\n]*\n$/),
    ]);
  });
});
