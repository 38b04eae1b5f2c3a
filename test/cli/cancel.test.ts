// `jobgate cancel`: waiting and running jobs, several at once, and those that cannot be.
import { expect, it } from 'vitest';
import { finishJob, startJob, submitJob, UNKNOWN_ID } from '../clients.ts';
import { environmentOf, useGateway } from '../used-gateway.ts';
import { getJob } from '../worker/test-worker.ts';
import { jobgate } from './child.ts';

it('ends waiting jobs, asks for the end of running ones, and goes on past those that cannot', async () => {
  const gateway = await useGateway();
  const done = (await finishJob(gateway)).job_id;
  const running = (await startJob(gateway)).job_id;
  const waiting = await submitJob(gateway);
  const args = ['cancel', UNKNOWN_ID, done, running, waiting];
  const ended = await jobgate(args, environmentOf(gateway));
  expect(ended).toMatchObject({
    code: 33,
    stdout: `${running}  running, asked to stop\n${waiting}  cancelled\n`,
  });
  expect(ended.stderr).toMatch(/^0{8}-\S+ {2}[^\n]* 404 [^\n]*\n[^\n]* 409 [^\n]*\n$/);
  expect(await getJob(gateway, running)).toMatchObject({ cancel_requested: true });
  const again = await jobgate(['cancel', waiting], environmentOf(gateway));
  expect(again).toMatchObject({ code: 0, stdout: `${waiting}  cancelled\n` });
});

it('needs a job', async () => {
  const ended = await jobgate(['cancel'], {});
  expect(ended).toMatchObject({ code: 2, stderr: 'Say which job: jobgate cancel JOB_ID\n' });
});
