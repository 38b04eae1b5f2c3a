// Conformance: the end of a job is frozen at that moment, and nothing late changes it.
import { describe, expect, it } from 'vitest';
import { JsonText } from '../../../src/contract/json-text.ts';
import {
  benchFor,
  BUILD_NUMBER,
  ENDPOINT,
  expectRefusal,
  expectUnchanged,
  failure,
  GATEWAY_PID,
  MANY,
  RESULT,
  type Suite,
} from './harness.ts';

export function endTests(suite: Suite): void {
  describe('ends', () => {
    it('a done job has its result, its times and its circumstances', async () => {
      const bench = await benchFor(suite);
      await bench.submit({ id: 'mine' });
      bench.clock.advance(2500);
      const holder = await bench.claimOne();
      await bench.submit();
      await bench.submit();
      bench.clock.advance(1234);
      await bench.store.complete(holder, RESULT);
      const state = await bench.store.findState(holder);
      expect(state).toEqual({
        jobId: holder.jobId,
        tenant: holder.tenant,
        id: 'mine',
        endpoint: ENDPOINT,
        status: 'done',
        version: 3,
        workerPid: 99,
        createdAt: bench.clock.now() - 3734,
        runAt: bench.clock.now() - 3734,
        startedAt: bench.clock.now() - 1234,
        progress: null,
        end: {
          code: 200,
          message: 'success',
          result: RESULT,
          pid: 99,
          totalMs: 3734,
          runMs: 1234,
          queueLength: 2,
          buildNumber: BUILD_NUMBER,
        },
      });
      const job = await bench.find(holder);
      expect(job.end).toEqual(state!.end);
      expect(job.endedAt).toBe(bench.clock.now());
    });

    it.each(['null', '0', '""', '[]', '{"a":{"b":[1,2,3]}}', '"\\u0000"'])(
      'a result may be %s',
      async (text) => {
        const bench = await benchFor(suite);
        const holder = await bench.running();
        await bench.store.complete(holder, new JsonText(text));
        expect((await bench.find(holder)).end?.result?.text).toBe(text);
      },
    );

    it('a result of many megabytes comes back as it went in', async () => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      const result = JsonText.of('äöü€😀'.repeat(400_000));
      await bench.store.complete(holder, result);
      const state = await bench.store.findState(holder);
      expect(state?.end?.result?.text === result.text).toBe(true);
    });

    it('run_time is of the last attempt, total_time from submission on', async () => {
      const bench = await benchFor(suite);
      const first = await bench.running();
      bench.clock.advance(5000);
      await bench.store.fail(first, failure({ retryDelayMs: 0 }));
      bench.clock.advance(100);
      const second = await bench.claimOne();
      bench.clock.advance(300);
      await bench.store.complete(second, RESULT);
      expect((await bench.find(first)).end).toMatchObject({ runMs: 300, totalMs: 5400 });
    });

    it.each([-3_600_000, 3_600_000])('a clock set by %i ms changes no run_time', async (by) => {
      const bench = await benchFor(suite);
      const holder = await bench.running();
      bench.clock.advance(1000);
      bench.clock.setWall(bench.clock.now() + by);
      await bench.store.complete(holder, RESULT);
      const { end } = await bench.find(holder);
      expect(end!.runMs).toBe(1000);
      expect(end!.totalMs).toBeGreaterThanOrEqual(1000);
    });

    it("without the worker's pid it is the gateway's", async () => {
      const bench = await benchFor(suite);
      await bench.submit();
      const holder = await bench.claimOne({ workerPid: null });
      await bench.store.complete(holder, RESULT);
      expect((await bench.find(holder)).end?.pid).toBe(GATEWAY_PID);
    });

    it('a job cancelled while it waits counts the others only', async () => {
      const bench = await benchFor(suite);
      const jobId = await bench.submit();
      await bench.submit();
      bench.clock.advance(700);
      const [job] = bench.changes;
      await bench.store.cancel(job!);
      const { end } = await bench.find({ tenant: job!.tenant, jobId });
      expect(end).toMatchObject({ queueLength: 1, runMs: 0, totalMs: 700 });
    });

    it.each(['done', 'failed', 'cancelled'] as const)(
      'nothing late changes a %s job',
      async (status) => {
        const bench = await benchFor(suite);
        const holder = await bench.inState(status);
        await expectUnchanged(bench, holder, async () => {
          await bench.pass(3_600_000);
          await bench.store.wakeDelayed(MANY);
          await bench.store.prune(MANY);
          await expectRefusal(bench.store.heartbeat(holder, 30, { percent: 1 }), 'lease_lost');
          expect(await bench.claim()).toEqual([]);
          await bench.restart();
          await bench.pass(3_600_000);
        });
      },
    );
  });
}
