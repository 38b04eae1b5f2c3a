// Conformance: jobs that ended elsewhere are kept once, as they are told, and are never run.
import { describe, expect, it } from 'vitest';
import { JsonText } from '../../../src/contract/json-text.ts';
import type { EndedJob } from '../../../src/store/job-store.ts';
import {
  benchFor,
  ENDPOINT,
  expectCountersToAgree,
  expectRefusal,
  GATEWAY_PID,
  MANY,
  refTo,
  RETENTION_MS,
  TENANT,
  type Suite,
} from './harness.ts';

const JOB_ID = 'e6d7f3c0-9c9f-4b8a-b7c3-f0e3c9f6b9d7';
const OTHER_ID = 'f6d7f3c0-9c9f-4b8a-b7c3-f0e3c9f6b9d7';
const ENDED_AT = 1_600_000_000_000;

const END = {
  code: 200,
  message: 'success',
  result: JsonText.of({ text: 'Hello' }),
  pid: 1234,
  totalMs: 6357,
  runMs: 5234,
  queueLength: 2,
  buildNumber: '216',
};

function endedJob(job: Partial<EndedJob> = {}): EndedJob {
  return {
    tenant: TENANT,
    jobId: JOB_ID,
    id: 'mine',
    endpoint: ENDPOINT,
    status: 'done',
    workerPid: 99,
    endedAt: ENDED_AT,
    end: END,
    ...job,
  };
}

const failedJob = (job: Partial<EndedJob> = {}) =>
  endedJob({ status: 'failed', end: { ...END, code: 422, message: 'no', result: null }, ...job });

export function importTests(suite: Suite): void {
  describe('imports', () => {
    it('are found as they ended, and followed to that end', async () => {
      const bench = await benchFor(suite);
      expect(await bench.store.importEnded([endedJob()])).toEqual(['added']);
      const state = {
        jobId: JOB_ID,
        tenant: TENANT,
        id: 'mine',
        endpoint: ENDPOINT,
        status: 'done',
        version: 1,
        workerPid: 99,
        createdAt: ENDED_AT - 6357,
        runAt: ENDED_AT - 6357,
        startedAt: ENDED_AT - 5234,
        progress: null,
        end: END,
      };
      expect(await bench.store.findState(refTo(JOB_ID))).toEqual(state);
      await bench.restart();
      expect(await bench.store.findState(refTo(JOB_ID))).toEqual(state);
      expect((await bench.find(refTo(JOB_ID))).payload.text).toBe('{}');
      expect(await bench.store.listAttempts(refTo(JOB_ID))).toEqual([]);
      const [event] = await bench.store.listEvents(refTo(JOB_ID), 0, 10);
      expect(event).toMatchObject({ kind: 'done', job_status: 'done', at: ENDED_AT });
      await expectCountersToAgree(bench, TENANT);
    });

    it('have the pid of the gateway where none is known', async () => {
      const bench = await benchFor(suite);
      await bench.store.importEnded([endedJob({ end: { ...END, pid: null } })]);
      expect((await bench.find(refTo(JOB_ID))).end?.pid).toBe(GATEWAY_PID);
    });

    it('leave a job alone that is here, twice in one import too, and tell of another tenant', async () => {
      const bench = await benchFor(suite);
      const twice = await bench.store.importEnded([endedJob(), failedJob()]);
      expect(twice).toEqual(['added', 'present']);
      const before = await bench.find(refTo(JOB_ID));
      const again = [failedJob(), failedJob({ tenant: 'other' }), failedJob({ jobId: OTHER_ID })];
      expect(await bench.store.importEnded(again)).toEqual(['present', 'taken', 'added']);
      expect(await bench.find(refTo(JOB_ID))).toEqual(before);
      expect(await bench.store.find(refTo(JOB_ID, 'other'))).toBeUndefined();
      await expectCountersToAgree(bench, TENANT);
      await expectCountersToAgree(bench, 'other');
    });

    it('are not run again: there is no payload', async () => {
      const bench = await benchFor(suite);
      await bench.store.importEnded([failedJob()]);
      const refusal = bench.store.retry(refTo(JOB_ID));
      const { message } = await expectRefusal(refusal, 'illegal_transition', 'failed');
      expect(message).toContain('submit it anew');
      expect(await bench.store.retryMany(TENANT, [JOB_ID])).toEqual({ matched: 0, changed: 0 });
      expect(await bench.claim({ max: 10 })).toEqual([]);
      expect(bench.kinds(JOB_ID)).toEqual(['failed']);
    });

    it('are kept as long as others from now on, however old they are', async () => {
      const bench = await benchFor(suite);
      await bench.store.importEnded([endedJob()]);
      bench.clock.advance(RETENTION_MS - 1);
      expect(await bench.store.prune(MANY)).toBe(0);
      bench.clock.advance(1);
      expect(await bench.store.prune(MANY)).toBe(1);
      await expectCountersToAgree(bench, TENANT);
    });
  });
}
