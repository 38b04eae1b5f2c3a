// A job file of the Python toolkit: what it says, as a job that ended.
import { z } from 'zod';
import { callerId, endpointPath, uuid } from '../contract/fields.ts';
import { jsonFault, JsonText } from '../contract/json-text.ts';
import type { EndedJob } from '../store/job-store.ts';

/** Of a job whose file does not say what kind of work it was. */
export const UNKNOWN_ENDPOINT = '/v1/unknown';

const FAILED_CODE = 500;
const MAX_MESSAGE = 10_000;

/** Why a file is skipped: one of a few reasons, to be counted, and what it was exactly. */
export class NoJobError extends Error {
  readonly reason: string;

  constructor(reason: string, detail?: string) {
    super(detail === undefined ? reason : `${reason}: ${detail}`);
    this.name = 'NoJobError';
    this.reason = reason;
  }
}

export interface JobFile {
  /** Without the ending. */
  name: string;
  bytes: Uint8Array;
  /** When it was written last, epoch milliseconds. */
  writtenAt: number;
}

const STATUSES = ['queued', 'running', 'submitted', 'done', 'failed'] as const;

const jobFile = z.looseObject({
  job_status: z.enum(STATUSES),
  job_id: z.string(),
  process_id: z.unknown(),
  response: z.looseObject({}).nullish(),
});

type ToolkitJob = z.output<typeof jobFile>;
type Envelope = Record<string, unknown>;

/** What the toolkit knew no end of, and keeps no payload of. */
const LOST = {
  queued: 'it was queued',
  running: 'it was running',
  submitted: 'it had been handed to a Cloud Run job',
};

/** Throws NoJobError. */
export function readToolkitJob(tenant: string, file: JobFile): EndedJob {
  const said = parse(file.bytes);
  const envelope = said.response ?? {};
  const totalMs = Math.min(
    Math.max(ms(envelope['total_time']), ms(envelope['run_time'])),
    file.writtenAt,
  );
  return {
    tenant,
    jobId: idOf(said, file.name),
    id: callerIdOf(envelope['id']),
    endpoint: endpointPath.safeParse(envelope['endpoint']).data ?? UNKNOWN_ENDPOINT,
    workerPid: wholeNumber(said.process_id),
    endedAt: file.writtenAt,
    ...endOf(said, {
      pid: wholeNumber(envelope['pid']) ?? wholeNumber(said.process_id),
      totalMs,
      runMs: Math.min(ms(envelope['run_time']), totalMs),
      queueLength: wholeNumber(envelope['queue_length']) ?? 0,
      buildNumber: buildNumberOf(envelope['build_number']),
    }),
  };
}

type Circumstances = Omit<EndedJob['end'], 'code' | 'message' | 'result'>;

function endOf(said: ToolkitJob, rest: Circumstances): Pick<EndedJob, 'status' | 'end'> {
  const { job_status: status, response } = said;
  const failed = (code: number, message: string) =>
    ({ status: 'failed', end: { ...rest, code, message, result: null } }) as const;
  if (status === 'queued' || status === 'running' || status === 'submitted') {
    return failed(
      FAILED_CODE,
      `Imported from the Python toolkit: ${LOST[status]}, and its file has neither payload nor result; submit it anew`,
    );
  }
  const code = codeOf(response?.['code']);
  if (status === 'failed' || (code ?? 0) >= 400) {
    return failed(code !== undefined && code >= 400 ? code : FAILED_CODE, reasonOf(response ?? {}));
  }
  if (!response || code === undefined) throw new NoJobError('done, but without its result');
  const result = JsonText.of(response['response'] ?? null);
  const message = messageOf(response['message']) ?? 'success';
  return { status: 'done', end: { ...rest, code, message, result } };
}

function parse(bytes: Uint8Array): ToolkitJob {
  if (bytes.length === 0) throw new NoJobError('empty');
  const value = parseJson(decode(bytes));
  const fault = jsonFault(value);
  if (fault !== undefined) throw new NoJobError('not JSON that can be kept', fault);
  const { data, error } = jobFile.safeParse(value);
  if (data) return data;
  const [issue] = error.issues;
  throw new NoJobError(
    'not a job of the toolkit',
    `${issue?.path.join('.') || 'the file'}: ${issue?.message}`,
  );
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new NoJobError('not UTF-8');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new NoJobError('not JSON, or half-written', (error as Error).message);
  }
}

/** The toolkit finds a job by its file's name. */
function idOf({ job_id: said }: ToolkitJob, name: string): string {
  const jobId = uuid.safeParse(said).data;
  if (jobId === undefined) throw new NoJobError('its job_id is not a UUID');
  if (jobId === name.toLowerCase()) return jobId;
  throw new NoJobError('its name is not its job_id');
}

function callerIdOf(id: unknown): string | null {
  return callerId.safeParse(typeof id === 'number' ? String(id) : id).data ?? null;
}

function codeOf(code: unknown): number | undefined {
  return z.int().min(200).max(599).safeParse(code).data;
}

function reasonOf(envelope: Envelope): string {
  const said = messageOf(envelope['message']) ?? messageOf(envelope['error']);
  return said ?? 'It failed in the Python toolkit, which gave no reason';
}

/** Some endpoints of the toolkit give an object where a text belongs. */
function messageOf(said: unknown): string | undefined {
  if (said === undefined || said === null || said === '') return undefined;
  const text = typeof said === 'string' ? said : JSON.stringify(said);
  return text.slice(0, MAX_MESSAGE).replaceAll('\0', '\uFFFD').toWellFormed();
}

/** An integer there, a string here. */
function buildNumberOf(said: unknown): string {
  const isKnown = typeof said === 'string' || typeof said === 'number';
  return (isKnown && messageOf(said)?.slice(0, 255)) || 'unknown';
}

function wholeNumber(said: unknown): number | null {
  return z.int().min(0).safeParse(said).data ?? null;
}

/** Of seconds; 0 of what is none. */
function ms(seconds: unknown): number {
  return Math.round((z.number().min(0).max(1e9).safeParse(seconds).data ?? 0) * 1000);
}
