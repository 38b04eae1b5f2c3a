// A worker as a user writes one, in a process that a trial may kill: does what the payload says.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createWorker,
  JobFailure,
  type Handler,
  type WorkerOptions,
} from '../../src/worker/worker.ts';

/** What a trial's job asks of its handler. */
export interface Plan {
  /** `fail_once` fails its first attempt. */
  end: 'done' | 'fail' | 'fail_once';
  /** How long it takes, milliseconds. */
  ms: number;
}

type Settings = Omit<WorkerOptions, 'handlers'> & { endpoints: string[]; workerId: string };

const { endpoints, ...options } = JSON.parse(process.argv[2] ?? '') as Settings;
let runs = 0;

const tell = (told: object) => process.stdout.write(`${JSON.stringify(told)}\n`);

const handler: Handler = async ({ jobId, payload, attempt }) => {
  const { end, ms } = payload['plan'] as Plan;
  runs += 1;
  const run = `${options.workerId}#${runs}`;
  tell({ kind: 'run', jobId });
  // Blind to its signal, like a program that is not told: the gateway must not need it to listen.
  await sleep(ms);
  if (end === 'fail') throw new JobFailure('as planned', { retry: false });
  if (end === 'fail_once' && attempt === 1) {
    throw new JobFailure('once, as planned', { retryDelaySeconds: 0 });
  }
  return { run, worker_id: options.workerId, text: payload['text'] };
};

const worker = createWorker({
  ...options,
  handlers: Object.fromEntries(endpoints.map((endpoint) => [endpoint, handler])),
  onEvent: tell,
});

process.once('SIGTERM', () => void worker.stop());
await worker.start();
