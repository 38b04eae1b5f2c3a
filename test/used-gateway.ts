// A gateway and its worker for one test: both are gone after it.
import { onTestFinished } from 'vitest';
import type { Handlers } from '../src/worker/worker.ts';
import type { Environment } from './cli/child.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import { startTestWorker } from './worker/test-worker.ts';

export async function useGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway(options);
  onTestFinished(() => gateway.close());
  return gateway;
}

export const work = ({ url, keys }: TestGateway, handlers: Handlers) =>
  startTestWorker({ url, apiKey: keys.work, handlers });

/** What a client's process is told of the gateway. */
export function environmentOf({ url, keys }: TestGateway): Environment {
  return { JOBGATE_URL: url, JOBGATE_API_KEY: keys.submit };
}
