// A worker in a test: what it told, events to wait for, and its end with the test.
import { onTestFinished } from 'vitest';
import {
  createWorker,
  type Worker,
  type WorkerEvent,
  type WorkerOptions,
} from '../../src/worker/worker.ts';
import type { TestGateway } from '../gateway.ts';

type Kind = WorkerEvent['kind'];
type EventOf<K extends Kind> = Extract<WorkerEvent, { kind: K }>;

export interface TestWorker {
  worker: Worker;
  events: WorkerEvent[];
  /** The `nth` event of this kind, past or to come. */
  event<K extends Kind>(kind: K, nth?: number): Promise<EventOf<K>>;
  /** What `start()` became; undefined after `stop()`. */
  ended: Promise<Error | undefined>;
}

/** Starts a worker that is stopped after the test. */
export function startTestWorker(options: WorkerOptions): TestWorker {
  const events: WorkerEvent[] = [];
  let onNews: () => void = () => {};
  let news = new Promise<void>((resolve) => (onNews = resolve));
  const worker = createWorker({
    stopGraceSeconds: 0.2,
    ...options,
    onEvent: (event) => {
      events.push(event);
      onNews();
      news = new Promise<void>((resolve) => (onNews = resolve));
    },
  });
  const event = async <K extends Kind>(kind: K, nth = 1): Promise<EventOf<K>> => {
    const seen = events.filter((each) => each.kind === kind)[nth - 1];
    if (seen) return seen as EventOf<K>;
    await news;
    return event(kind, nth);
  };
  const ended = worker.start().then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  onTestFinished(() => worker.stop());
  return { worker, events, event, ended };
}

/** Submits a job and gives its id. */
export async function submit(
  gateway: TestGateway,
  endpoint: string,
  fields: object = {},
): Promise<string> {
  const body = { endpoint, ...fields };
  const path = '/v1/toolkit/job/submit';
  const { json } = await gateway.request('POST', path, { key: gateway.keys.submit, body });
  return json.job_id as string;
}

/** The job as `job.get` shows it. */
export async function getJob(gateway: TestGateway, job_id: string): Promise<any> {
  const key = gateway.keys.read;
  return (await gateway.request('POST', '/v1/toolkit/job/get', { key, body: { job_id } })).json;
}

/** The inner part of the status, once the job has ended. */
export async function endOf(gateway: TestGateway, job_id: string): Promise<any> {
  const body = { job_id, wait_seconds: 15 };
  const path = '/v1/toolkit/job/status';
  const { json } = await gateway.request('POST', path, { key: gateway.keys.read, body });
  return json.response;
}
