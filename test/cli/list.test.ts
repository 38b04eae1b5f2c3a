// `jobgate list`: the table, the filters, pages beyond the gateway's, and JSON.
import { expect, it } from 'vitest';
import { finishJob, post, startJob, submitJob } from '../clients.ts';
import { environmentOf, useGateway } from '../used-gateway.ts';
import { jobgate, startJobgate } from './child.ts';
import { hasTerminal, inTerminal } from './terminal.ts';

it('prints a table, newest first', async () => {
  const gateway = await useGateway();
  const done = (await finishJob(gateway)).job_id;
  const lease = await startJob(gateway);
  await post(gateway, 'work', 'worker/progress', { ...lease, percent: 40, phase: 'cut' });
  const queued = await submitJob(gateway, { id: 'order-17', endpoint: '/v1/text/count' });
  const { code, stdout } = await jobgate(['list'], environmentOf(gateway));
  const [head, ...rows] = stdout.trimEnd().split('\n');
  expect(code).toBe(0);
  expect(head).toMatch(/^job {35}status {3}submitted {12}endpoint +id +remark$/);
  expect(rows.map((row) => row.split(/ {2,}/).filter((_, at) => at !== 2))).toEqual([
    [queued, 'queued', '/v1/text/count', 'order-17'],
    [lease.job_id, 'running', '/v1/media/transcribe', '40 %', 'cut'],
    [done, 'done', '/v1/media/transcribe'],
  ]);
});

it('filters, and says when nothing is left', async () => {
  const gateway = await useGateway();
  const list = (...flags: string[]) => jobgate(['list', ...flags], environmentOf(gateway));
  const wanted = { id: 'order-17', endpoint: '/v1/text/count' };
  await submitJob(gateway);
  const job_id = await submitJob(gateway, wanted);
  const filters = '--status queued --endpoint /v1/text/count --id order-17 --since 1h'.split(' ');
  const found = await list(...filters, '--json');
  expect(JSON.parse(found.stdout)).toMatchObject([{ job_id, ...wanted }]);
  const before = await list('--until', '1h');
  expect(before).toMatchObject({ code: 0, stdout: '', stderr: 'No jobs.\n' });
  expect(await list('--status', 'finished')).toMatchObject({
    code: 2,
    stderr: '--status must be one of queued, running, done, failed, cancelled\n',
  });
});

it('reads as many pages as the limit asks for, and says when there is more', async () => {
  const gateway = await useGateway();
  const jobs = Array.from({ length: 510 }, () => ({ endpoint: '/v1/x' }));
  await post(gateway, 'submit', 'jobs/submit', { jobs });
  const { stdout, stderr } = await jobgate(
    ['list', '--limit', '505', '--json'],
    environmentOf(gateway),
  );
  expect(new Set(JSON.parse(stdout).map(({ job_id }: any) => job_id)).size).toBe(505);
  expect(stderr).toBe('There are more: --limit N shows more than 505.\n');
});

it('ends quietly when nobody reads on', async () => {
  const gateway = await useGateway();
  const jobs = Array.from({ length: 500 }, () => ({ endpoint: `/v1/${'x'.repeat(200)}` }));
  await post(gateway, 'submit', 'jobs/submit', { jobs });
  const short = (command: string[]) => ['sh', '-c', '"$@" | head -n 1', 'sh', ...command];
  const { stdout, stderr } = await startJobgate(
    ['list', '--limit', '500'],
    environmentOf(gateway),
    short,
  ).ended;
  expect({ lines: stdout.split('\n').length, stderr }).toEqual({ lines: 2, stderr: '' });
});

it.skipIf(!hasTerminal)('keeps to the width of a terminal', async () => {
  const gateway = await useGateway();
  await submitJob(gateway, { id: '界'.repeat(100) });
  const { stdout } = await startJobgate(['list'], environmentOf(gateway), inTerminal(100)).ended;
  const rows = stdout.trimEnd().split('\r\n');
  expect(rows.map((row) => row.replaceAll('界', '界 ').length <= 100)).toEqual([true, true]);
});
