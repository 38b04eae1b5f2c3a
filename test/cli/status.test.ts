// `jobgate status`: what people read, what programs read, and an exit code by outcome.
import { expect, it } from 'vitest';
import { claimJob, post, startJob, submitJob, UNKNOWN_ID } from '../clients.ts';
import { environmentOf, useGateway } from '../used-gateway.ts';
import { getJob } from '../worker/test-worker.ts';
import { jobgate, startJobgate } from './child.ts';

it('describes a job in each of its states, and ends with its code', async () => {
  const gateway = await useGateway();
  const status = async (jobId: string, ...flags: string[]) => {
    const { code, stdout } = await jobgate(['status', jobId, ...flags], environmentOf(gateway));
    return `${code}\n${stdout}`;
  };
  const jobId = await submitJob(gateway, { id: 'order\n17' });
  const waiting = await status(jobId);
  expect(waiting).toMatch(/^32\njob {8}[0-9a-f-]{36}\nid {9}order 17\nendpoint {3}\/v1\S+\n/);
  expect(waiting).toMatch(/\nstatus {5}queued\n/);
  expect(waiting).toMatch(/\nplace {6}next\n$/);

  const lease = await claimJob(gateway);
  await post(gateway, 'work', 'worker/progress', { ...lease, percent: 40, phase: 'cut' });
  await post(gateway, 'submit', 'job/cancel', { job_id: jobId });
  const running = await status(jobId);
  expect(running).toMatch(/^32\n[^]*\nstatus {5}running, asked to stop\n/);
  expect(running).toMatch(/\nattempt {4}1 of 3, by tester\nprogress {3}40 % {2}cut\n$/);

  await post(gateway, 'work', 'worker/complete', { ...lease, result: ['ü'] });
  expect(await status(jobId)).toMatch(
    /^0\n[^]*\nstatus {5}done\n[^]*\nran {8}for .* s\nresult {5}\["ü"\]\n$/,
  );
  const [code, json] = (await status(jobId, '--json')).split('\n');
  expect({ code, job: JSON.parse(json ?? '') }).toEqual({
    code: '0',
    job: await getJob(gateway, jobId),
  });

  const failing = await startJob(gateway);
  const failure = { message: 'no audio', code: 422, retry: false };
  await post(gateway, 'work', 'worker/fail', { ...failing, ...failure });
  expect(await status(failing.job_id)).toMatch(/^30\n[^]*\nerror {6}422 no audio\n$/);
});

it('with --wait holds on until the job has ended, or the time is up', async () => {
  const gateway = await useGateway();
  const jobId = await submitJob(gateway);
  const early = await jobgate(['status', jobId, '--wait', '0.2'], environmentOf(gateway));
  expect(early).toMatchObject({ code: 32, stderr: '' });
  const child = startJobgate(['status', jobId, '--wait', '60'], environmentOf(gateway));
  const lease = await claimJob(gateway);
  await post(gateway, 'work', 'worker/complete', { ...lease, result: 1 });
  expect((await child.ended).code).toBe(0);
  const unknown = await jobgate(['status', UNKNOWN_ID, '--wait', '9'], environmentOf(gateway));
  expect(unknown).toMatchObject({ code: 33, stdout: '' });
  const wrong = await jobgate(['status', jobId, '--wait', 'long'], environmentOf(gateway));
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^--wait must be a number/),
  });
});
