// `jobgate submit`: a new job; its id on stdout, or with --wait its result.
import type { InputOf, OutputOf } from '../client/client.ts';
import { parseArguments, refuseMore } from './arguments.ts';
import { UsageError } from './command-error.ts';
import { followJob, printJson } from './follow-job.ts';
import { GATEWAY_VARIABLES, openGatewayClient } from './gateway-client.ts';
import { readNumber } from './numbers.ts';
import { readPayload } from './payload.ts';

const USAGE = `Usage: jobgate submit ENDPOINT [options]

Submits a job and prints its id, and nothing else, on stdout: ID=$(jobgate submit /v1/media/cut)

  --payload JSON          a JSON object; default: {}
  --payload-file FILE     read it from FILE, - for standard input
  --id TEXT               your own id for the job
  --priority N            -100 to 100, higher goes first (--priority=-5); default: 0
  --delay-seconds N       not before so many seconds from now
  --max-attempts N        1 to 100; default: 3
  --webhook-url URL       called with the result when the job has ended
  --idempotency-key KEY   the same key with the same job within 24 h is the same job
  --wait                  follow it to its end, as jobgate watch does, and print its result instead
  --json                  print the whole answer, with --wait the whole job

Exit code: 0 accepted, with --wait by outcome: 0 done, 30 failed, 31 cancelled.
${GATEWAY_VARIABLES}
`;

const OPTIONS = {
  payload: { type: 'string' },
  'payload-file': { type: 'string' },
  id: { type: 'string' },
  priority: { type: 'string' },
  'delay-seconds': { type: 'string' },
  'max-attempts': { type: 'string' },
  'webhook-url': { type: 'string' },
  'idempotency-key': { type: 'string' },
  wait: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

type Flags = ReturnType<typeof parseArguments<typeof OPTIONS>>['values'];

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  if (values.help) return (process.stdout.write(USAGE), 0);
  const [endpoint, ...more] = positionals;
  if (endpoint === undefined) throw new UsageError('Say what to run: jobgate submit ENDPOINT');
  refuseMore(more);
  const client = openGatewayClient();
  const accepted = await client.submit(await toJob(endpoint, values));
  if (!values.wait) return (printAccepted(accepted, values.json), 0);
  process.stderr.write(`Submitted job ${accepted.job_id}\n`);
  const job = await followJob(client, accepted.job_id);
  printJson(values.json ? job : job.result);
  return 0;
}

/** The ranges are the gateway's to check: it says which is wrong. */
async function toJob(endpoint: string, flags: Flags): Promise<InputOf<'job.submit'>> {
  return {
    endpoint,
    payload: await readPayload(flags),
    id: flags.id,
    priority: readNumber('--priority', flags.priority),
    delay_seconds: readNumber('--delay-seconds', flags['delay-seconds']),
    max_attempts: readNumber('--max-attempts', flags['max-attempts']),
    webhook_url: flags['webhook-url'],
    idempotency_key: flags['idempotency-key'],
  };
}

function printAccepted(accepted: OutputOf<'job.submit'>, asJson: boolean): void {
  if (asJson) printJson(accepted);
  else process.stdout.write(`${accepted.job_id}\n`);
}
