// `jobgate worker`: runs the handlers of a module as a process, until a signal stops it.
import { createWorker, type Worker, type WorkerOptions } from '../worker/worker.ts';
import { parseArguments, refuseMore } from './arguments.ts';
import { UsageError } from './command-error.ts';
import { loadHandlers } from './load-handlers.ts';
import { stopSignal } from './stop-signal.ts';
import { workerLog } from './worker-log.ts';

const USAGE = `Usage: jobgate worker --handlers FILE [--url URL] [--concurrency N]

Claims the jobs of a gateway and runs them with your handlers until SIGINT or SIGTERM, which hand
unfinished jobs back; a second signal ends it at once.

  --handlers FILE    a .ts or .js module whose default export (or export "handlers") maps endpoints
                     to functions: export default { '/v1/media/cut': async (job, ctx) => result }
  --url URL          the gateway; default: JOBGATE_URL, or http://127.0.0.1:8080
  --concurrency N    jobs at the same time, 1 to 100; default: 1

The API key, of scope work, is read from JOBGATE_API_KEY.
`;

const OPTIONS = {
  handlers: { type: 'string' },
  url: { type: 'string' },
  concurrency: { type: 'string', default: '1' },
} as const;

const DEFAULT_URL = 'http://127.0.0.1:8080';

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  if (values.help) return (process.stdout.write(USAGE), 0);
  refuseMore(positionals);
  if (!values.handlers) throw new UsageError('--handlers FILE is missing: see --help');
  const apiKey = process.env['JOBGATE_API_KEY'];
  if (!apiKey) throw new UsageError('JOBGATE_API_KEY is not set: it must hold a key of scope work');
  const worker = create({
    url: values.url ?? (process.env['JOBGATE_URL'] || DEFAULT_URL),
    apiKey,
    handlers: await loadHandlers(values.handlers),
    concurrency: concurrencyFrom(values.concurrency),
    onEvent: workerLog((line) => process.stderr.write(line)),
  });
  await workUntilSignal(worker);
  // A handler that did not heed its signal would keep the process, though its job is handed back.
  if (worker.running > 0) process.exit(0);
  return 0;
}

function concurrencyFrom(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new UsageError('--concurrency must be a whole number from 1 to 100');
}

function create(options: WorkerOptions): Worker {
  try {
    return createWorker(options);
  } catch (error) {
    throw new UsageError(`Cannot run this worker: ${(error as Error).message}`);
  }
}

async function workUntilSignal(worker: Worker): Promise<void> {
  void stopSignal().then(() => worker.stop());
  await worker.start();
}
