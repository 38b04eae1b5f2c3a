// `npm run demo`: a gateway, a worker and one real job, from submission to result, then all gone.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../config.ts';
import { hasEnded, type JobStatus } from '../contract/job.ts';
import { startGateway } from './gateway.ts';
import { serveSlowly } from './slow-file-server.ts';
import { stopSignal } from './stop-signal.ts';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const EXAMPLE = new URL('../../examples/media-metadata/', import.meta.url);
const HANDLERS = fileURLToPath(new URL('handlers.ts', EXAMPLE));
const SAMPLE = fileURLToPath(new URL('sample.ogg', EXAMPLE));

const LIMIT_MS = 60_000;
const POLL_MS = 50;
/** The sample is read from memory in no time: a network takes longer, and shows a job that runs. */
const DOWNLOAD_MS = 1500;

interface Demo {
  url: string;
  apiKey: string;
  signal: AbortSignal;
  /** What is undone at the end, the last first. */
  undo: (() => unknown)[];
}

interface StatusEnvelope {
  response: { job_status: JobStatus };
}

process.exitCode = await run();

async function run(): Promise<number> {
  const controller = new AbortController();
  const limit = setTimeout(() => stop(`it took longer than ${LIMIT_MS / 1000} s`), LIMIT_MS);
  const stop = (why: string): void => controller.abort(new Error(why));
  void stopSignal().then((name) => stop(`stopped by ${name}`));
  const undo: Demo['undo'] = [];
  try {
    await show(undo, controller.signal);
    return 0;
  } catch (error) {
    const { reason } = controller.signal as { reason: unknown };
    process.stderr.write(`\nThe demo failed: ${((reason ?? error) as Error).message}\n`);
    return 1;
  } finally {
    for (let step = undo.pop(); step; step = undo.pop()) await step();
    clearTimeout(limit);
  }
}

async function show(undo: Demo['undo'], signal: AbortSignal): Promise<void> {
  const demo = await startDemoGateway(undo, signal);
  const mediaUrl = await serveSample(undo);
  const jobId = await submit(demo, mediaUrl);
  const startedAt = performance.now();
  const line = (text: string) =>
    say(`${((performance.now() - startedAt) / 1000).toFixed(2)} s`, text);
  const worker = startWorker(demo, line);
  const envelope = await Promise.race([followStatus(demo, jobId, line), worker.failed]);
  process.stdout.write(`\n${JSON.stringify(envelope, null, 2)}\n`);
  const { job_status: status } = envelope.response;
  if (status !== 'done') throw new Error(`the job is ${status}`);
}

function say(label: string, text: string): void {
  process.stdout.write(`${label.padStart(9)}  ${text}\n`);
}

async function startDemoGateway(undo: Demo['undo'], signal: AbortSignal): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'jobgate-demo-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const apiKey = randomBytes(32).toString('base64url');
  const config = readConfig({ PORT: '0', API_KEY: apiKey });
  const databasePath = join(folder, 'jobgate.db');
  const gateway = await startGateway({ ...config, databasePath }, { logger: false });
  undo.push(() => gateway.close());
  say('gateway', `${gateway.url}, on a temporary database`);
  return { url: gateway.url, apiKey, signal, undo };
}

async function serveSample(undo: Demo['undo']): Promise<string> {
  const server = await serveSlowly(SAMPLE, DOWNLOAD_MS);
  undo.push(() => server.close());
  return server.url;
}

async function submit(demo: Demo, mediaUrl: string): Promise<string> {
  const job = { endpoint: '/v1/media/metadata', id: 'demo', payload: { url: mediaUrl } };
  say('job', `POST /v1/toolkit/job/submit ${JSON.stringify(job)}`);
  const { job_id: jobId } = await post<{ job_id: string }>(demo, 'job/submit', job, 202);
  say('', `202 job_id ${jobId}`);
  say('status', 'POST /v1/toolkit/job/status, again and again:');
  return jobId;
}

/** The media worker, a process of its own; `failed` rejects when it ends before it is asked to. */
function startWorker(demo: Demo, line: (text: string) => void): { failed: Promise<never> } {
  const child = spawn(process.execPath, [MAIN, 'worker', '--handlers', HANDLERS], {
    env: {
      ...process.env,
      JOBGATE_URL: demo.url,
      JOBGATE_API_KEY: demo.apiKey,
      // The demo leaves nothing behind, no compiled code either.
      NODE_DISABLE_COMPILE_CACHE: '1',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const ended = once(child, 'close');
  demo.undo.push(() => end(child, ended));
  line(`worker started, process ${child.pid}`);
  const failed = ended.then(() => {
    throw new Error(`the worker ended by itself: ${log.trim()}`);
  });
  failed.catch(() => {});
  return { failed };
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  await ended;
}

/** Polls until the job has ended; a line for each change. */
async function followStatus(
  demo: Demo,
  jobId: string,
  line: (text: string) => void,
): Promise<StatusEnvelope> {
  for (let last = ''; ; await sleep(POLL_MS, undefined, { signal: demo.signal })) {
    const envelope = await post<StatusEnvelope>(demo, 'job/status', { job_id: jobId });
    const { job_status: status } = envelope.response;
    const now = status === 'running' ? `running${await progressOf(demo, jobId)}` : status;
    if (now !== last) line(now);
    if (hasEnded(status)) return envelope;
    last = now;
  }
}

/** Such as `  downloading 40 %`; empty when the worker has said nothing yet. */
async function progressOf(demo: Demo, jobId: string): Promise<string> {
  const { progress } = await post<{ progress: { phase?: string; percent?: number } | null }>(
    demo,
    'job/get',
    { job_id: jobId },
  );
  if (!progress) return '';
  const percent = progress.percent === undefined ? '' : ` ${progress.percent} %`;
  return `  ${progress.phase ?? ''}${percent}`;
}

async function post<Answer>(demo: Demo, path: string, body: object, wanted = 200): Promise<Answer> {
  const response = await fetch(`${demo.url}/v1/toolkit/${path}`, {
    method: 'POST',
    headers: { 'x-api-key': demo.apiKey, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: demo.signal,
  });
  const text = await response.text();
  if (response.status === wanted) return JSON.parse(text) as Answer;
  throw new Error(`${path} answered ${response.status}: ${text}`);
}
