// `jobgate cancel`: ends waiting jobs, asks the workers of running ones to stop.
import { GatewayError, type JobgateClient } from '../client/client.ts';
import { parseArguments } from './arguments.ts';
import { UsageError } from './command-error.ts';
import { EXIT_OK, exitCodeOf } from './exit-codes.ts';
import { GATEWAY_VARIABLES, openGatewayClient } from './gateway-client.ts';

const USAGE = `Usage: jobgate cancel JOB_ID [JOB_ID …]

A waiting job is cancelled at once; the worker of a running one is asked to stop. Prints a line for
each job. Where one cannot be cancelled the others are still, and the exit code is that of the first
that could not.

${GATEWAY_VARIABLES}
`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {});
  if (values.help) return (process.stdout.write(USAGE), 0);
  if (positionals.length === 0) throw new UsageError('Say which job: jobgate cancel JOB_ID');
  const client = openGatewayClient();
  const exitCodes: number[] = [];
  for (const jobId of positionals) exitCodes.push(await cancel(client, jobId));
  return exitCodes.find((code) => code !== EXIT_OK) ?? EXIT_OK;
}

/** The exit code for this one. */
async function cancel(client: JobgateClient, jobId: string): Promise<number> {
  try {
    const { job_status: status } = await client.cancel(jobId);
    const outcome = status === 'cancelled' ? status : `${status}, asked to stop`;
    process.stdout.write(`${jobId}  ${outcome}\n`);
    return EXIT_OK;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    process.stderr.write(`${jobId}  ${error.message}\n`);
    return exitCodeOf(error);
  }
}
