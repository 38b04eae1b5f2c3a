// The benchmark's own reckoning: what a worker is made to ask, and when a goal counts as reached.
import { describe, expect, it } from 'vitest';
import { bunqueueDialect, jobgateDialect } from '../bench/queue-requests.ts';
import { toTable, type Result } from '../bench/throughput.ts';

const answer = (body: object) => `HTTP/1.1 200 OK\r\n\r\n${JSON.stringify(body)}`;

describe('a worker of the benchmark', () => {
  const lease = (n: number) => ({ job_id: `id-${n}`, lease_token: `token-${n}`, payload: { n } });

  it('takes, reports all that it took, takes again, and ends when nothing is left', () => {
    const { work } = jobgateDialect('key');
    expect(work('', 50)).toMatchObject({ reports: 0, request: expect.stringMatching(/"max":50/) });
    const report = work(answer({ jobs: [lease(1), lease(2)] }), 50);
    expect(report?.reports).toBe(2);
    expect(report?.request).toContain('POST /trpc/worker.complete,worker.complete?batch=1 ');
    expect(report?.request).toMatch(/"1":\{"job_id":"id-2","lease_token":"token-2"/);
    const single = work(answer({ jobs: [lease(1)] }), 1);
    expect(single?.request).toContain('POST /v1/toolkit/worker/complete ');
    expect(work(answer({ job_id: 'id-1', job_status: 'done' }), 50)?.reports).toBe(0);
    expect(work(answer({ jobs: [] }), 50)).toBeUndefined();
  });

  it("does the same in bunqueue's words", () => {
    const { work } = bunqueueDialect();
    expect(work('', 1)?.request).toMatch(/^GET /);
    expect(work('', 50)?.request).toContain('/pull-batch ');
    const one = work(answer({ ok: true, job: { id: 'a' } }), 1);
    expect(one).toMatchObject({ reports: 1, request: expect.stringContaining('/jobs/a/ack ') });
    const two = work(answer({ ok: true, jobs: [{ id: 'a' }, { id: 'b' }] }), 50);
    expect(two?.request).toMatch(/"ids":\["a","b"\],"results":\[\{"ok":true\},\{"ok":true\}\]/);
    expect(work(answer({ ok: true }), 50)?.reports).toBe(0);
    expect(work(answer({ ok: true, job: null }), 1)).toBeUndefined();
    expect(work(answer({ ok: true, jobs: [] }), 50)).toBeUndefined();
  });
});

describe('the goal of throughput', () => {
  const work = 'durable submits over HTTP';
  const result = (name: string, rates: number[]): Result => ({ work, name, durability: '', rates });

  it('is judged by the median of the ratios within each round', () => {
    const ours = result('jobgate', [100, 900, 210]);
    const { verdicts, rows } = toTable([ours, result('bunqueue', [50, 100, 100])]);
    expect(verdicts[0]).toMatchObject({ actual: '2.10x', reached: true });
    expect(rows[1]).toEqual(['', 'bunqueue', '', '100', '2.10', '50 to 100']);
    expect(toTable([ours, result('bunqueue', [60, 100, 110])]).verdicts[0]?.reached).toBe(false);
  });

  it('is not reached against a rival that was left out', () => {
    const leftOut = { ...result('bunqueue', []), leftOut: 'no Bun here' };
    const { verdicts, rows } = toTable([result('jobgate', [100]), leftOut]);
    expect(verdicts[0]).toMatchObject({ actual: 'not measured', reached: false });
    expect(rows[1]?.[2]).toBe('left out: no Bun here');
  });
});
