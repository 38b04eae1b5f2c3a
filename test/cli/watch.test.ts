// `jobgate watch`: lines in a pipe, a bar on a terminal, and an end for every outcome.
import { describe, expect, it } from 'vitest';
import { claimJob, post, startJob, submitJob, UNKNOWN_ID } from '../clients.ts';
import type { TestGateway } from '../gateway.ts';
import { environmentOf, useGateway } from '../used-gateway.ts';
import { getJob } from '../worker/test-worker.ts';
import { jobgate, startJobgate, type Child } from './child.ts';
import { framesOf, hasTerminal, inTerminal } from './terminal.ts';

const watch = (gateway: TestGateway, jobId: string, wrap?: (command: string[]) => string[]) =>
  startJobgate(['watch', jobId], environmentOf(gateway), wrap);

/** Once the text is on stderr. */
async function told(child: Child, text: string): Promise<void> {
  let stderr = '';
  await new Promise<void>((resolve) => {
    child.process.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (stderr.includes(text)) resolve();
    });
  });
}

describe('in a pipe', () => {
  it('prints a line for each change, and the result on stdout', async () => {
    const gateway = await useGateway();
    const jobId = await submitJob(gateway, { max_attempts: 2 });
    const child = watch(gateway, jobId);
    await told(child, 'queued');
    const first = await claimJob(gateway);
    const refused = { message: 'no luck\nat all', retry_delay_seconds: 0 };
    await post(gateway, 'work', 'worker/fail', { ...first, ...refused });
    const lease = await claimJob(gateway);
    const progress = { percent: 41.9, phase: 'decode', message: 'frame 5', eta_seconds: 90 };
    await post(gateway, 'work', 'worker/progress', { ...lease, ...progress });
    await post(gateway, 'work', 'worker/complete', { ...lease, result: { frames: 12 } });
    const { code, stdout, stderr } = await child.ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"frames":12}\n' });
    const lines = stderr.trimEnd().split('\n');
    expect(lines.every((line) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}\S/.test(line))).toBe(true);
    expect(lines.map((line) => line.slice(21))).toEqual([
      'queued',
      'running   attempt 1 by tester',
      'queued    retry: no luck at all',
      'running   attempt 2 by tester',
      'progress  41 %  decode  frame 5  about 1 min 30 s left',
      'done',
    ]);
  });

  it('ends with the reason where there is no result', async () => {
    const gateway = await useGateway();
    const jobId = await submitJob(gateway);
    await post(gateway, 'submit', 'job/cancel', { job_id: jobId });
    const cancelled = await watch(gateway, jobId).ended;
    expect(cancelled).toMatchObject({ code: 31, stdout: '' });
    expect(cancelled.stderr).toMatch(
      new RegExp(`\n[^\n]* cancelled\nThe job ${jobId} was cancelled\n$`),
    );
    expect(await watch(gateway, UNKNOWN_ID).ended).toMatchObject({
      code: 33,
      stdout: '',
      stderr: 'The gateway answered 404 Job not found\n',
    });
    const noJob = await jobgate(['watch'], environmentOf(gateway));
    expect(noJob).toMatchObject({ code: 2, stderr: 'Say which job: jobgate watch JOB_ID\n' });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('on %s stops watching, not the job', async (signal, exitCode) => {
    const gateway = await useGateway();
    const { job_id } = await startJob(gateway);
    const child = watch(gateway, job_id);
    await told(child, 'running');
    child.process.kill(signal);
    const { code, stderr } = await child.ended;
    expect(code).toBe(exitCode);
    expect(stderr).toMatch(/\nNo longer watching; the job goes on\. [^\n]*\n$/);
    const job = await getJob(gateway, job_id);
    expect(job).toMatchObject({ job_status: 'running', cancel_requested: false });
  });
});

describe.skipIf(!hasTerminal)('on a terminal (left out where there is no python3)', () => {
  it.each<[string, number, string, object]>([
    ['', 100, `  ${'█'.repeat(15)}${'░'.repeat(15)}`, {}],
    [' without colours or room for a bar', 40, '', { NO_COLOR: '1' }],
  ])('draws one line in place%s', async (_how, columns, bar, more) => {
    const gateway = await useGateway();
    const lease = await startJob(gateway);
    const environment = { ...environmentOf(gateway), ...more };
    const child = startJobgate(['watch', lease.job_id], environment, inTerminal(columns));
    let shown = '';
    child.process.stdout?.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    const message = `${'m'.repeat(300)}\u001B[2J`;
    const progress = { percent: 50, phase: 'decode', message };
    await post(gateway, 'work', 'worker/progress', { ...lease, ...progress });
    await expect.poll(() => shown, { timeout: 10_000 }).toMatch(/50 %/);
    await post(gateway, 'work', 'worker/complete', { ...lease, result: { frames: 12 } });
    expect((await child.ended).code).toBe(0);
    const frames = framesOf(shown);
    const drawn = frames.filter((frame) => frame.includes('50 %'));
    expect(drawn[0]).toMatch(new RegExp(`^running${bar}  50 %  decode  m+$`));
    expect(drawn.every((frame) => frame.length === columns - 1)).toBe(true);
    expect(shown).not.toContain('\u001B[2J');
    expect(shown.includes('\u001B[1m')).toBe(!('NO_COLOR' in more));
    expect(frames.slice(-2)).toEqual([
      expect.stringMatching(/^\S+ \S+ {2}done\r\n$/),
      '{\r\n  "frames": 12\r\n}\r\n',
    ]);
  });
});
