// The toolkit envelope: its thirteen keys in their order, and results spliced in as they were stored.
import { describe, expect, it } from 'vitest';
import type { JobEnd, JobState } from '../../src/contract/job.ts';
import { JsonText } from '../../src/contract/json-text.ts';
import {
  composeEnvelope,
  composeStatusResponse,
  EXAMPLE_RESULT,
  EXAMPLE_STATUS_RESPONSE,
  exampleEnvelope,
  resultEnvelope,
  statusEnvelope,
} from '../../src/contract/status.ts';

const ORIGIN = { pid: 123456, queueId: 140368864456064, buildNumber: '1.0.0' };
const JOB_ID = 'e6d7f3c0-9c9f-4b8a-b7c3-f0e3c9f6b9d7';

const END: JobEnd = {
  code: 200,
  message: 'success',
  result: new JsonText('"Transcription completed successfully."'),
  pid: 123456,
  totalMs: 6357,
  runMs: 5234,
  queueLength: 0,
  buildNumber: '1.0.0',
};

const DONE: JobState = {
  jobId: JOB_ID,
  tenant: 'default',
  id: 'transcribe_job_123',
  endpoint: '/v1/media/transcribe',
  status: 'done',
  version: 3,
  workerPid: 123456,
  createdAt: 1764000000000,
  runAt: 1764000000000,
  startedAt: 1764000001123,
  progress: null,
  end: END,
};

/** The success example of the document this product satisfies, as it stands there. */
const DOCUMENTED = `{
  "endpoint": "/v1/toolkit/job/status",
  "code": 200,
  "id": null,
  "job_id": "e6d7f3c0-9c9f-4b8a-b7c3-f0e3c9f6b9d7",
  "response": {
    "job_status": "done",
    "job_id": "e6d7f3c0-9c9f-4b8a-b7c3-f0e3c9f6b9d7",
    "queue_id": 140368864456064,
    "process_id": 123456,
    "response": {
      "endpoint": "/v1/media/transcribe",
      "code": 200,
      "id": "transcribe_job_123",
      "job_id": "e6d7f3c0-9c9f-4b8a-b7c3-f0e3c9f6b9d7",
      "response": "Transcription completed successfully.",
      "message": "success",
      "pid": 123456,
      "queue_id": 140368864456064,
      "run_time": 5.234,
      "queue_time": 1.123,
      "total_time": 6.357,
      "queue_length": 0,
      "build_number": "1.0.0"
    }
  },
  "message": "success",
  "pid": 123456,
  "queue_id": 140368864456064,
  "run_time": 0.001,
  "queue_time": 0.0,
  "total_time": 0.001,
  "queue_length": 0,
  "build_number": "1.0.0"
}`;

function compose(state: JobState, runMs = 1): string {
  return composeEnvelope(
    {
      endpoint: '/v1/toolkit/job/status',
      id: null,
      jobId: state.jobId,
      response: composeStatusResponse(state, ORIGIN),
      runMs,
      queueLength: 0,
    },
    ORIGIN,
  ).text;
}

describe('an envelope', () => {
  it('is the documented one, byte for byte but for white space', () => {
    expect(compose(DONE)).toBe(JSON.stringify(JSON.parse(DOCUMENTED)));
  });

  it('has the documented one as its example, which its schema accepts', () => {
    const example = exampleEnvelope('/v1/toolkit/job/status', JOB_ID, EXAMPLE_STATUS_RESPONSE);
    expect(example).toEqual(JSON.parse(DOCUMENTED));
    expect(statusEnvelope.parse(example)).toEqual(example);
    expect(resultEnvelope.parse(EXAMPLE_RESULT)).toEqual(EXAMPLE_RESULT);
  });

  it('has times of three decimals', () => {
    expect(JSON.parse(compose(DONE, 12.3456)).run_time).toBe(0.012);
    expect(JSON.parse(compose(DONE, 0.2)).total_time).toBe(0);
  });
});

describe('the state of a job', () => {
  const responseOf = (state: JobState) => JSON.parse(compose(state)).response;

  it('has the pid of the gateway until a worker has it', () => {
    const queued: JobState = { ...DONE, status: 'queued', workerPid: null, end: null };
    expect(responseOf(queued)).toMatchObject({ process_id: 123456, response: null });
    expect(responseOf({ ...queued, status: 'running', workerPid: 7 }).process_id).toBe(7);
  });

  it('has the text of a result as it was stored, not parsed', () => {
    const result = new JsonText('{"b":1e2,"a":[1.0]}');
    expect(compose({ ...DONE, end: { ...END, result } })).toContain(
      '"response":{"b":1e2,"a":[1.0]}',
    );
  });

  it('has the reason of a failure and no result', () => {
    const end = { ...END, code: 422, message: 'not "audio"', result: null };
    expect(responseOf({ ...DONE, status: 'failed', end }).response).toMatchObject({
      code: 422,
      response: null,
      message: 'not "audio"',
    });
  });

  it.each([
    [1123, 5234, 1.123],
    [0, 0, 0],
    [1, 2, 0.001],
    [100, 200, 0.1],
    [299, 7, 0.299],
  ])('waited %i ms of which the difference of its times tells', (waited, runMs, queueTime) => {
    const end = { ...END, runMs, totalMs: waited + runMs };
    expect(responseOf({ ...DONE, end }).response.queue_time).toBe(queueTime);
  });
});
