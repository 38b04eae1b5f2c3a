// A real store for the tests of the queue, and the few calls they make on it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { JsonText } from '../../src/contract/json-text.ts';
import type { ClaimRequest, JobChange, LeaseHolder, NewJob } from '../../src/store/job-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { FakeClock } from '../fake-clock.ts';

export const TENANT = 'acme';
export const ENDPOINT = '/v1/media/transcribe';

/** Closed, and its file removed, after the test. */
export function queueStore(clock = new FakeClock()) {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-queue-'));
  const path = join(folder, 'jobgate.db');
  const store = openSqliteStore(path, {
    clock,
    pid: 1,
    buildNumber: '1.0.0',
    maxQueueLength: 0,
    retryDelayMs: () => 1000,
    cancelGraceMs: 30_000,
    retentionMs: 0,
  });
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    store,
    path,
    clock,
    submit: async (job: Partial<NewJob> = {}): Promise<string> => {
      const [submitted] = await store.submit([{ ...JOB, ...job }]);
      return submitted!.jobId;
    },
    claimOne: async (leaseSeconds = 30): Promise<LeaseHolder> => {
      const [claimed] = await store.claim(claimRequest({ leaseSeconds }));
      return { ...claimed!, tenant: TENANT };
    },
    /** The next change that is looked for. */
    told: (isIt: (change: JobChange) => boolean): Promise<JobChange> => {
      const { promise, resolve } = Promise.withResolvers<JobChange>();
      const stop = store.onChange((change) => {
        if (!isIt(change)) return;
        stop();
        resolve(change);
      });
      return promise;
    },
  };
}

export function claimRequest(parts: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    tenant: TENANT,
    endpoints: [ENDPOINT],
    workerId: 'w',
    workerPid: 1,
    max: 1,
    leaseSeconds: 30,
    ...parts,
  };
}

export const JOB: NewJob = {
  tenant: TENANT,
  endpoint: ENDPOINT,
  payload: new JsonText('{}'),
  id: null,
  priority: 0,
  runAt: null,
  maxAttempts: 3,
  maxRuntimeSeconds: 3600,
  retentionSeconds: null,
  webhookUrl: null,
  idempotency: null,
};
