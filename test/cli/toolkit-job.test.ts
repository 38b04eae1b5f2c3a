// What a job file of the Python toolkit becomes, and why one is skipped.
import { expect, it } from 'vitest';
import { NoJobError, readToolkitJob } from '../../src/cli/toolkit-job.ts';

const JOB_ID = 'e6d7f3c0-9c9f-4b8a-b7c3-f0e3c9f6b9d7';
const WRITTEN_AT = 1_700_000_000_000;

const ENVELOPE = {
  endpoint: '/v1/media/transcribe',
  code: 200,
  id: 'mine',
  job_id: JOB_ID,
  response: { text: 'Hello' },
  message: 'success',
  pid: 12,
  queue_id: 140368864456064,
  run_time: 5.234,
  queue_time: 1.123,
  total_time: 6.357,
  queue_length: 3,
  build_number: 216,
};

const file = (status: string, response: unknown = ENVELOPE) => ({
  job_status: status,
  job_id: JOB_ID,
  queue_id: 140368864456064,
  process_id: 11,
  response,
});

function read(content: unknown, name = JOB_ID) {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const bytes = content instanceof Uint8Array ? content : Buffer.from(text);
  return readToolkitJob('default', { name, bytes, writtenAt: WRITTEN_AT });
}

it('done is done, all of its envelope kept', () => {
  const { end, ...job } = read(file('done'));
  expect(job).toEqual({
    tenant: 'default',
    jobId: JOB_ID,
    id: 'mine',
    endpoint: '/v1/media/transcribe',
    status: 'done',
    workerPid: 11,
    endedAt: WRITTEN_AT,
  });
  expect({ ...end, result: end.result?.text }).toEqual({
    code: 200,
    message: 'success',
    result: '{"text":"Hello"}',
    pid: 12,
    totalMs: 6357,
    runMs: 5234,
    queueLength: 3,
    buildNumber: '216',
  });
});

it.each([
  ['done', { ...ENVELOPE, code: 400, message: 'No such file' }, 400, 'No such file'],
  ['done', { ...ENVELOPE, code: 500, message: { error: 'x' } }, 500, '{"error":"x"}'],
  ['failed', { ...ENVELOPE, code: 200, message: 'trigger failed' }, 500, 'trigger failed'],
  ['failed', { error: 'trigger failed', code: 502 }, 502, 'trigger failed'],
  ['failed', null, 500, 'It failed in the Python toolkit, which gave no reason'],
  ['queued', null, 500, expect.stringContaining('it was queued, and its file has neither payload')],
  ['running', null, 500, expect.stringContaining('it was running')],
  ['submitted', ENVELOPE, 500, expect.stringContaining('handed to a Cloud Run job')],
])('%s with %j is failed', (status, response, code, message) => {
  const { status: became, end } = read(file(status, response));
  expect({ became, ...end }).toMatchObject({ became: 'failed', code, message, result: null });
});

it.each([
  ['endpoint', { endpoint: undefined }, { endpoint: '/v1/unknown' }],
  ['endpoint', { endpoint: 'x y' }, { endpoint: '/v1/unknown' }],
  ['id', { id: 7 }, { id: '7' }],
  ['id', { id: 'x'.repeat(256) }, { id: null }],
  ['pid', { pid: -1 }, { end: { pid: 11 } }],
  ['total_time', { total_time: 'long', run_time: 2 }, { end: { totalMs: 2000, runMs: 2000 } }],
  ['total_time', { total_time: 1e300, run_time: -1 }, { end: { totalMs: 0, runMs: 0 } }],
  ['build_number', { build_number: null }, { end: { buildNumber: 'unknown' } }],
  ['queue_length', { queue_length: 1.5 }, { end: { queueLength: 0 } }],
  ['response', { response: undefined }, { end: { result: { text: 'null' } } }],
  ['message', { message: 'a\0b\ud800' }, { end: { message: 'a\uFFFDb\uFFFD' } }],
])('a strange %s in %j is made whole', (_, changed, expected) => {
  expect(read(file('done', { ...ENVELOPE, ...changed }))).toMatchObject(expected);
});

it('its id may be in upper case, and in its name', () => {
  const upper = { ...file('done'), job_id: JOB_ID.toUpperCase() };
  expect(read(upper, JOB_ID.toUpperCase()).jobId).toBe(JOB_ID);
  expect(read(`\uFEFF${JSON.stringify(file('done'))}`).jobId).toBe(JOB_ID);
});

it.each([
  ['empty', ''],
  ['not JSON, or half-written', JSON.stringify(file('done')).slice(0, 100)],
  ['not JSON, or half-written', '{"job_status": "done", "response": {"x": NaN}}'],
  ['not UTF-8', Buffer.from(JSON.stringify(file('done')), 'utf16le').fill(0xff, 0, 2)],
  ['not UTF-8', Buffer.from('{"job_status": "d\xe9"}', 'latin1')],
  ['not JSON that can be kept', `${'['.repeat(600)}${']'.repeat(600)}`],
  ['not a job of the toolkit', []],
  ['not a job of the toolkit', { name: 'package', version: '1.0.0' }],
  ['not a job of the toolkit', file('paused')],
  ['not a job of the toolkit', file('done', 'text')],
  ['its job_id is not a UUID', { ...file('done'), job_id: 'job-1' }],
  ['its name is not its job_id', { ...file('done'), job_id: JOB_ID.replace('e', 'f') }],
  ['done, but without its result', file('done', null)],
  ['done, but without its result', file('done', { ...ENVELOPE, code: 99 })],
])('%s: %j is skipped', (reason, content) => {
  const thrown = (() => {
    try {
      return read(content);
    } catch (error) {
      return error;
    }
  })();
  expect(thrown).toBeInstanceOf(NoJobError);
  expect((thrown as NoJobError).reason).toBe(reason);
});
