// `jobgate watch`: a job followed to its end, then its result.
import { parseArguments, refuseMore } from './arguments.ts';
import { UsageError } from './command-error.ts';
import { followJob, printJson } from './follow-job.ts';
import { GATEWAY_VARIABLES, openGatewayClient } from './gateway-client.ts';

const USAGE = `Usage: jobgate watch JOB_ID [--json]

Follows a job to its end: a progress bar on a terminal, else a line for each change, both on stderr.
Then prints the result as JSON on stdout, with --json all of the job. Ctrl-C stops watching, not the
job. A break of the connection or a restart of the gateway is waited out.

Exit code: 0 done, 30 failed, 31 cancelled, 130 stopped watching.
${GATEWAY_VARIABLES}
`;

const OPTIONS = { json: { type: 'boolean', default: false } } as const;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  if (values.help) return (process.stdout.write(USAGE), 0);
  const [jobId, ...more] = positionals;
  if (jobId === undefined) throw new UsageError('Say which job: jobgate watch JOB_ID');
  refuseMore(more);
  const job = await followJob(openGatewayClient(), jobId);
  printJson(values.json ? job : job.result);
  return 0;
}
