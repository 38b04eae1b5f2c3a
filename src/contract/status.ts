// The toolkit envelope: the thirteen keys, in their order, that status answers and results come in.
import { z } from 'zod';
import { EXAMPLE_JOB_ID, anyJson, endpointPath, knownJobId } from './fields.ts';
import { JOB_STATUSES, type JobEnd, type JobState } from './job.ts';
import { JsonText } from './json-text.ts';

const EXAMPLE_QUEUE_ID = 140368864456064;
const EXAMPLE_PID = 123456;

const seconds = z.number().min(0).describe('Seconds, three decimals.');

/** The schema of an envelope around `response`. */
export function envelopeSchema<R extends z.ZodType>(response: R) {
  return z.object({
    endpoint: z.string(),
    code: z
      .int()
      .min(200)
      .max(599)
      .describe('200, or 400 to 599 where a job did not succeed (499: cancelled).'),
    id: z.string().nullable().describe("The caller's own id."),
    job_id: knownJobId.nullable(),
    response,
    message: z.string(),
    pid: z.int().min(0),
    queue_id: z.int().min(0).describe('Made once for a database and kept in it.'),
    run_time: seconds,
    queue_time: seconds,
    total_time: seconds,
    queue_length: z.int().min(0).describe('Jobs that wait.'),
    build_number: z.string().describe('Version of the gateway.'),
  });
}

export const EXAMPLE_RESULT = {
  endpoint: '/v1/media/transcribe',
  code: 200,
  id: 'transcribe_job_123',
  job_id: EXAMPLE_JOB_ID,
  response: 'Transcription completed successfully.',
  message: 'success',
  pid: EXAMPLE_PID,
  queue_id: EXAMPLE_QUEUE_ID,
  run_time: 5.234,
  queue_time: 1.123,
  total_time: 6.357,
  queue_length: 0,
  build_number: '1.0.0',
};

/** What became of the job, frozen when it ended. */
export const resultEnvelope = envelopeSchema(
  anyJson.describe('What the worker returned; null unless done.'),
)
  .extend({ endpoint: endpointPath, job_id: knownJobId })
  .meta({ id: 'ResultEnvelope', examples: [EXAMPLE_RESULT] });

export const statusResponse = z.object({
  job_status: z.enum(JOB_STATUSES),
  job_id: knownJobId,
  queue_id: z.int().min(0),
  process_id: z
    .int()
    .min(0)
    .describe("The worker's process once it has the job, the gateway's until then."),
  response: resultEnvelope.nullable().describe('Null until the job has ended.'),
});

/** What `job.status` answers. */
export const statusEnvelope = envelopeSchema(statusResponse);

export type ResultEnvelope = z.output<typeof resultEnvelope>;
export type StatusResponse = z.output<typeof statusResponse>;
export type StatusEnvelope = z.output<typeof statusEnvelope>;

/** An envelope as the gateway answers it, with `EXAMPLE_*` in it, for the document. */
export function exampleEnvelope(endpoint: string, jobId: string | null, response: unknown) {
  return {
    endpoint,
    code: 200,
    id: null,
    job_id: jobId,
    response,
    message: 'success',
    pid: EXAMPLE_PID,
    queue_id: EXAMPLE_QUEUE_ID,
    run_time: 0.001,
    queue_time: 0,
    total_time: 0.001,
    queue_length: 0,
    build_number: '1.0.0',
  };
}

export const EXAMPLE_STATUS_RESPONSE = {
  job_status: 'done',
  job_id: EXAMPLE_JOB_ID,
  queue_id: EXAMPLE_QUEUE_ID,
  process_id: EXAMPLE_PID,
  response: EXAMPLE_RESULT,
};

/** What every envelope of one gateway has in common. */
export interface Origin {
  pid: number;
  queueId: number;
  buildNumber: string;
}

/** `JsonText` in place of what it will be read as: only its text is ever sent. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says as what
export function asAnswer<T>(text: JsonText): T {
  return text as unknown as T;
}

/** The state of a job as `job.status` shows it, its result spliced in as it was stored. */
export function composeStatusResponse(state: JobState, { pid, queueId }: Origin): JsonText {
  const result = state.end ? resultEnvelopeText(state, state.end, queueId) : 'null';
  return new JsonText(
    `{"job_status":"${state.status}","job_id":"${state.jobId}","queue_id":${queueId},"process_id":${state.workerPid ?? pid},"response":${result}}`,
  );
}

/** The envelope of a job that has ended, as `job.status` shows it and its webhook brings it. */
export function resultEnvelopeText(
  state: Pick<JobState, 'endpoint' | 'id' | 'jobId'>,
  end: JobEnd,
  queueId: number,
): string {
  return envelopeText({
    endpoint: state.endpoint,
    code: end.code,
    id: state.id,
    jobId: state.jobId,
    response: end.result?.text ?? 'null',
    message: end.message,
    pid: end.pid,
    queueId,
    runMs: end.runMs,
    totalMs: end.totalMs,
    queueLength: end.queueLength,
    buildNumber: end.buildNumber,
  });
}

/** What is particular to one envelope that the gateway answers. */
export interface EnvelopeParts {
  endpoint: string;
  id: string | null;
  jobId: string | null;
  response: JsonText;
  message?: string;
  runMs: number;
  queueLength: number;
}

/** An answer of the gateway itself: it never waited in a queue. */
export function composeEnvelope(parts: EnvelopeParts, origin: Origin): JsonText {
  const runMs = Math.round(parts.runMs);
  const text = envelopeText({
    endpoint: parts.endpoint,
    code: 200,
    id: parts.id,
    jobId: parts.jobId,
    response: parts.response.text,
    message: parts.message ?? 'success',
    pid: origin.pid,
    queueId: origin.queueId,
    runMs,
    totalMs: runMs,
    queueLength: parts.queueLength,
    buildNumber: origin.buildNumber,
  });
  return new JsonText(text);
}

interface Envelope extends Origin {
  endpoint: string;
  code: number;
  id: string | null;
  jobId: string | null;
  /** JSON. */
  response: string;
  message: string;
  runMs: number;
  totalMs: number;
  queueLength: number;
}

/** The thirteen keys, written out: two of these are a tenth of what a status read costs. */
function envelopeText(it: Envelope): string {
  const { stringify: json } = JSON;
  return `{"endpoint":${json(it.endpoint)},"code":${it.code},"id":${json(it.id)},"job_id":${json(it.jobId)},"response":${it.response},"message":${json(it.message)},"pid":${it.pid},"queue_id":${it.queueId},"run_time":${it.runMs / 1000},"queue_time":${(it.totalMs - it.runMs) / 1000},"total_time":${it.totalMs / 1000},"queue_length":${it.queueLength},"build_number":${json(it.buildNumber)}}`;
}
