// A gateway that is stopped and started again under an open page: at the same address, on the same file.
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../cli/child.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';

export interface RestartingGateway {
  /** The present one; its keys are those of the first. */
  readonly gateway: TestGateway;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function useRestartingGateway(): Promise<RestartingGateway> {
  const databasePath = join(temporaryFolder(), 'jobgate.db');
  let gateway = await startTestGateway({ databasePath });
  const { keys, url } = gateway;
  const port = Number(new URL(url).port);
  let isRunning = true;
  const stop = async () => {
    if (isRunning) await gateway.close();
    isRunning = false;
  };
  onTestFinished(stop);
  return {
    get gateway() {
      return gateway;
    },
    stop,
    start: async () => {
      gateway = { ...(await startTestGateway({ databasePath, port })), keys };
      isRunning = true;
    },
  };
}
