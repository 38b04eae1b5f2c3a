// The client of the commands that talk to a gateway: where it is and who asks, from the environment.
import { createJobgateClient, type JobgateClient } from '../client/client.ts';
import { UsageError } from './command-error.ts';

const DEFAULT_URL = 'http://127.0.0.1:8080';

/** Of a usage text: what these commands read. */
export const GATEWAY_VARIABLES = `JOBGATE_URL is the gateway (default: ${DEFAULT_URL}), JOBGATE_API_KEY a key of it.`;

/** Throws UsageError when the environment names no gateway or key that could work. */
export function openGatewayClient(): JobgateClient {
  const apiKey = process.env['JOBGATE_API_KEY'];
  if (!apiKey)
    throw new UsageError('JOBGATE_API_KEY is not set: it must hold a key of the gateway');
  const url = process.env['JOBGATE_URL'] || DEFAULT_URL;
  try {
    return createJobgateClient({ url, apiKey });
  } catch (error) {
    const { message } = error as TypeError;
    throw new UsageError(`JOBGATE_URL or JOBGATE_API_KEY is wrong: ${message}`);
  }
}
