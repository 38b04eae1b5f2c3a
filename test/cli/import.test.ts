// `jobgate import`: from the Python toolkit's folder to a gateway that answers for its jobs.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { IMPORT_EXIT_CODES, STORE_EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { jobgate, startServe, temporaryFolder } from './child.ts';

const API_KEY = 'import-test-key';
const OLD = new Date('2024-01-02T03:04:05Z');

interface Written {
  status: string;
  code?: number;
  message?: string;
}

/** As the toolkit's `json.dump(data, f, indent=2)` writes it. */
function writeJob(folder: string, { status, code, message = 'success' }: Written): string {
  const job_id = randomUUID();
  const queue_id = 140368864456064;
  const response = code && {
    endpoint: '/v1/media/transcribe',
    code,
    id: 'mine',
    job_id,
    response: code === 200 ? { text: 'Grüße' } : null,
    message,
    run_time: 5.234,
    queue_time: 1.123,
    total_time: 6.357,
    pid: 4321,
    queue_id,
    queue_length: 0,
    build_number: 216,
  };
  const data = {
    job_status: status,
    job_id,
    queue_id,
    process_id: 4321,
    response: response ?? null,
  };
  const file = join(folder, `${job_id}.json`);
  writeFileSync(file, JSON.stringify(data, null, 2));
  utimesSync(file, OLD, OLD);
  return job_id;
}

function madeFolder() {
  const folder = join(temporaryFolder(), 'jobs');
  mkdirSync(folder);
  const ids = {
    done: writeJob(folder, { status: 'done', code: 200 }),
    refused: writeJob(folder, { status: 'done', code: 400, message: 'No such file' }),
    queued: writeJob(folder, { status: 'queued' }),
    running: writeJob(folder, { status: 'running' }),
    submitted: writeJob(folder, { status: 'submitted', code: 200 }),
    failed: writeJob(folder, { status: 'failed', code: 500, message: 'trigger failed' }),
  };
  return { folder, ids };
}

const urlOf = (file: string) => ({ DATABASE_URL: `file:${file}`, API_KEY });

async function statusOf(url: string, jobId: string) {
  const answer = await fetch(`${url}/v1/toolkit/job/status`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': API_KEY },
    body: JSON.stringify({ job_id: jobId }),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { response: Record<string, any> }).response;
}

it('answers for each job, reports what is none, may be run again, and not beside a gateway', async () => {
  const { folder, ids } = madeFolder();
  writeFileSync(join(folder, `${randomUUID()}.json`), '');
  writeFileSync(join(folder, `${randomUUID()}.json`), '{"job_status": "done", "jo');
  writeFileSync(join(folder, 'package.json'), '{"name": "other"}');
  writeFileSync(join(folder, 'notes.txt'), 'not read at all');
  writeFileSync(join(folder, `${randomUUID()}.json`), 'x'.repeat(2000));
  symlinkSync('/etc/passwd', join(folder, `${randomUUID()}.json`));
  mkdirSync(join(folder, 'folder.json'));
  execFileSync('mkfifo', [join(folder, 'pipe.json')]);
  const environment = {
    ...urlOf(join(folder, '..', 'new', 'jobgate.db')),
    MAX_RESULT_BYTES: '1500',
  };

  const dry = await jobgate(['import', folder, '--dry-run'], environment);
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.stdout).toContain('imported      6 (1 done, 5 failed)\n');
  expect(existsSync(join(folder, '..', 'new'))).toBe(false);

  const { code, stdout, stderr } = await jobgate(['import', folder, '--json'], environment);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    imported: 6,
    done: 1,
    failed: 5,
    already_here: 0,
    skipped: 7,
    reasons: {
      empty: 1,
      'not JSON, or half-written': 1,
      'not a job of the toolkit': 1,
      'too large': 1,
      'a symbolic link': 1,
      'not a file': 2,
    },
  });
  expect(stderr.trim().split('\n')).toHaveLength(7);
  expect(stderr).toContain('Skipped package.json: not a job of the toolkit: job_status');

  const again = await jobgate(['import', folder], environment);
  expect(again.stdout).toMatch(/^imported {6}0 .*\nalready here {2}6\nskipped {7}7\n/);

  const { url } = await startServe(environment);
  expect(await statusOf(url, ids.done)).toEqual({
    job_status: 'done',
    job_id: ids.done,
    queue_id: expect.any(Number),
    process_id: 4321,
    response: {
      endpoint: '/v1/media/transcribe',
      code: 200,
      id: 'mine',
      job_id: ids.done,
      response: { text: 'Grüße' },
      message: 'success',
      pid: 4321,
      queue_id: expect.any(Number),
      run_time: 5.234,
      queue_time: 1.123,
      total_time: 6.357,
      queue_length: 0,
      build_number: '216',
    },
  });
  const failures = {
    [ids.refused]: 'No such file',
    [ids.queued]: 'it was queued',
    [ids.running]: 'it was running',
    [ids.submitted]: 'Cloud Run',
    [ids.failed]: 'trigger failed',
  };
  for (const [jobId, reason] of Object.entries(failures)) {
    const { job_status, response } = await statusOf(url, jobId);
    expect({ job_status, response }).toMatchObject({
      job_status: 'failed',
      response: { response: null, message: expect.stringContaining(reason) },
    });
    expect(response.code).toBeGreaterThanOrEqual(400);
  }

  const beside = await jobgate(['import', folder], environment);
  expect(beside).toMatchObject({ code: STORE_EXIT_CODES.locked, stdout: '' });
  expect(beside.stderr).toContain(`(${url}): stop it`);
});

it('tells jobs of another tenant from its own', async () => {
  const folder = join(temporaryFolder(), 'jobs');
  mkdirSync(folder);
  writeJob(folder, { status: 'done', code: 200 });
  const environment = urlOf(join(folder, '..', 'jobgate.db'));
  expect((await jobgate(['import', folder], environment)).code).toBe(0);
  const other = await jobgate(['import', folder, '--tenant', 'other', '--json'], environment);
  const reasons = { 'its job_id is that of a job of another tenant': 1 };
  expect(JSON.parse(other.stdout)).toMatchObject({ imported: 0, already_here: 0, reasons });
});

it('a folder that is none, or holds no jobs, is one clear line and changes nothing', async () => {
  const root = temporaryFolder();
  const environment = urlOf(join(root, 'new', 'jobgate.db'));
  const { folder } = madeFolder();
  const foreign = join(root, 'foreign');
  mkdirSync(foreign);
  writeFileSync(join(foreign, 'package.json'), '{}');
  const { not_a_folder, no_job_files } = IMPORT_EXIT_CODES;
  const before = readdirSync(root);
  for (const [path, expected, line] of [
    [join(root, 'gone'), not_a_folder, /gone does not exist: name the folder/],
    [join(foreign, 'package.json'), not_a_folder, /is not a folder: name the folder/],
    [root, no_job_files, /has no \.json files: name the jobs folder/],
    [join(folder, '..'), no_job_files, /did you mean .*jobs\?/],
  ] as const) {
    const { code, stdout, stderr } = await jobgate(['import', path], environment);
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toMatch(line);
  }
  const none = await jobgate(['import', foreign], environment);
  expect(none).toMatchObject({ code: no_job_files, stdout: '' });
  expect(none.stderr).toMatch(/^Skipped package\.json: .*\n.* has no file that is a job .*\n$/);
  expect(readdirSync(root)).toEqual(before);
});

it.each([
  [[], 'Say which folder: jobgate import DIR\n'],
  [['a', 'b'], 'Unexpected "b": see --help\n'],
  [['a', '--tenant', 'A B'], /^--tenant: Must be 1 to 63 of a-z/],
])('%j', async (args, line) => {
  const { code, stderr } = await jobgate(['import', ...args]);
  expect(code).toBe(2);
  expect(stderr).toMatch(line);
});
