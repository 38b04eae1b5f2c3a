// The page of one job: what it does as it moves, how it came there, and what can be done to it.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  claimJob,
  ENDPOINT,
  finishJob,
  post,
  startJob,
  submitJob,
  UNKNOWN_ID,
} from '../../clients.ts';
import type { TestGateway } from '../../gateway.ts';
import { useGateway, work } from '../../used-gateway.ts';
import { WebhookReceiver } from '../../webhook-receiver.ts';
import {
  describeDashboard,
  expectFocused,
  expectGone,
  expectShown,
  go,
  holdAnswer,
  openDashboard,
  visit,
  type DashboardOptions,
} from '../dashboard-harness.ts';
import { longestTask } from '../longest-task.ts';
import { useRestartingGateway } from '../restarting-gateway.ts';
import { XSS_PAYLOADS } from '../xss-payloads.ts';

const openJob = (gateway: TestGateway, jobId: string, options: DashboardOptions = {}) =>
  openDashboard({ gateway, path: `/jobs/${jobId}`, ...options });

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
const standing = (page: Page) => page.getByRole('region', { name: 'Standing' });
const timeline = (page: Page) => page.locator('.timeline');
const json = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const state = (page: Page, name: string) =>
  page.locator('.job-lead').getByText(name, { exact: true });
const copied = (page: Page) => page.evaluate('navigator.clipboard.readText()');

/** Two minutes. Runs in the page. */
const CLOCK_BEHIND = `{ const now = Date.now; Date.now = () => now() - 120_000; }`;

async function report(gateway: TestGateway, verb: string, body: object): Promise<void> {
  const { status, text } = await post(gateway, 'work', `worker/${verb}`, body);
  expect({ status, text }).toMatchObject({ status: 200 });
}

/** Milliseconds until the page shows it. */
async function timeUntil(shown: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await shown;
  return performance.now() - began;
}

async function useReceiver(): Promise<{ gateway: TestGateway; receiver: WebhookReceiver }> {
  const receiver = await WebhookReceiver.start();
  onTestFinished(() => receiver.close());
  const gateway = await useGateway({ webhookAllow: ['127.0.0.1'] });
  return { gateway, receiver };
}

describeDashboard('the page of a job', () => {
  describe('as it moves', () => {
    it('shows its place, its progress and its end without a reload', async () => {
      const gateway = await useGateway();
      const first = await submitJob(gateway);
      const jobId = await submitJob(gateway, { id: 'order-17', payload: { media: 'talk.mp3' } });
      const { page } = await openJob(gateway, jobId);
      await expectShown(standing(page).getByText('1 job goes before it'));
      await expectShown(state(page, 'Queued'));
      expect((await claimJob(gateway)).job_id).toBe(first);
      await expectShown(standing(page).getByText('The next to be claimed'));
      const lease = await claimJob(gateway, { worker_id: 'transcriber-7', pid: 4242 });
      await expectShown(standing(page).getByText(/^Running for \d+ s$/));
      await expectShown(standing(page).getByText('On transcriber-7, attempt 1 of 3'));
      await report(gateway, 'progress', {
        ...lease,
        percent: 40,
        phase: 'decoding',
        eta_seconds: 90,
      });
      await expectShown(standing(page).getByText('decoding · About 1 min 30 s to go'));
      await expect
        .poll(() => standing(page).getByRole('progressbar').getAttribute('value'))
        .toBe('40');
      await report(gateway, 'complete', { ...lease, result: { text: 'Hello.' } });
      expect(await timeUntil(expectShown(state(page, 'Done')))).toBeLessThan(1000);
      await expectShown(json(page, 'Result').getByText('"Hello."'));
      await expectShown(json(page, 'Payload').getByText('"talk.mp3"'));
      await expectShown(timeline(page).getByText('Claimed by transcriber-7'));
      await expectShown(timeline(page).getByText('Claim 1, process 4242'));
      await expectShown(page.locator('.facts').getByText('order-17'));
    });

    it('shows what a real worker makes of it', async () => {
      const gateway = await useGateway();
      const jobId = await submitJob(gateway, { payload: { text: 'hi' } });
      const { page } = await openJob(gateway, jobId);
      await expectShown(state(page, 'Queued'));
      const worker = work(gateway, {
        [ENDPOINT]: ({ payload }, { progress }) => {
          progress({ percent: 50 });
          return { text: String(payload['text']).toUpperCase() };
        },
      });
      await worker.event('completed');
      expect(await timeUntil(expectShown(state(page, 'Done')))).toBeLessThan(1000);
      await expectShown(json(page, 'Result').getByText('"HI"'));
    });

    it('goes on after the gateway was restarted under it', async () => {
      const restarting = await useRestartingGateway();
      const lease = await startJob(restarting.gateway);
      const { page } = await openJob(restarting.gateway, lease.job_id);
      await expectShown(state(page, 'Running'));
      await restarting.stop();
      await expectShown(page.getByText('Offline'));
      await expectShown(state(page, 'Running'));
      await restarting.start();
      await expectShown(page.getByText('Live', { exact: true }));
      await report(restarting.gateway, 'complete', { ...lease, result: 1 });
      expect(await timeUntil(expectShown(state(page, 'Done')))).toBeLessThan(1000);
    });

    it('shows what happened while the gateway was away', async () => {
      const restarting = await useRestartingGateway();
      const jobId = await submitJob(restarting.gateway);
      const { page } = await openJob(restarting.gateway, jobId);
      await expectShown(state(page, 'Queued'));
      await restarting.stop();
      await expectShown(page.getByText('Offline'));
      await page.context().setOffline(true);
      await restarting.start();
      await post(restarting.gateway, 'submit', 'job/cancel', { job_id: jobId });
      await page.context().setOffline(false);
      await expectShown(state(page, 'Cancelled'));
    });
  });

  describe('tells', () => {
    it('every attempt: how it was lost, given back, failed, and when the next one is', async () => {
      const gateway = await useGateway();
      const jobId = await submitJob(gateway, { max_attempts: 2 });
      await claimJob(gateway, { worker_id: 'mortal', lease_seconds: 5 });
      const { page } = await openJob(gateway, jobId);
      await expectShown(timeline(page).getByText('Claimed by mortal'));
      await expectShown(timeline(page).getByText('Lease lost: no more heartbeats'));
      await expectShown(timeline(page).getByText('Worker mortal stopped answering'));
      await report(gateway, 'release', await claimJob(gateway, { worker_id: 'polite' }));
      await expectShown(timeline(page).getByText('Given back by the worker'));
      const failing = await claimJob(gateway, { worker_id: 'clumsy' });
      const failure = { message: 'no sound', retry: true, retry_delay_seconds: 3600 };
      await report(gateway, 'fail', { ...failing, ...failure });
      await expectShown(timeline(page).getByText('no sound'));
      await expectShown(timeline(page).getByText(/^To be tried again in 59 min/));
      await expectShown(standing(page).getByText('Waits to be tried again'));
      await expect.poll(() => page.locator('.facts').innerText()).toMatch(/Attempt\s+2 of 2/);
      await expect.poll(() => page.locator('.facts').innerText()).toMatch(/Leases lost\s+1/);
    });

    it('that it is ready, also by a clock that is behind the gateway’s', async () => {
      const gateway = await useGateway();
      const lease = await startJob(gateway);
      await report(gateway, 'fail', { ...lease, message: 'no sound', retry: false });
      await post(gateway, 'submit', 'job/retry', { job_id: lease.job_id });
      const ready = await submitJob(gateway);
      const delayed = await submitJob(gateway, { delay_seconds: 3600 });
      const { page } = await openJob(gateway, lease.job_id);
      await page.addInitScript(CLOCK_BEHIND);
      await page.reload();
      await expectShown(standing(page).getByText('The next to be claimed'));
      await expectShown(timeline(page).getByText('In the queue'));
      await go(page, `/jobs/${ready}`);
      await expectShown(standing(page).getByText('1 job goes before it'));
      await go(page, `/jobs/${delayed}`);
      await expectShown(standing(page).getByText('Waits for its time'));
      await go(page, '/jobs');
      const row = (id: string) =>
        page.locator('tbody tr', { has: page.locator(`[href$="${id}"]`) });
      await expectShown(row(delayed).getByText(/^Begins in 1 hr/));
      expect(await row(ready).getByText('Begins').count()).toBe(0);
    });

    it('why it failed, at length when asked', async () => {
      const gateway = await useGateway();
      const lease = await startJob(gateway);
      const message = `The file has no sound. ${'x'.repeat(900)} The end.`;
      await report(gateway, 'fail', { ...lease, code: 422, message, retry: false });
      const { page } = await openJob(gateway, lease.job_id);
      await expectShown(standing(page).getByText('Failed with code 422'));
      await expectShown(standing(page).getByText('The file has no sound.'));
      expect(await standing(page).innerText()).not.toContain('The end.');
      await standing(page)
        .getByRole('button', { name: /Show all/ })
        .click();
      await expectShown(standing(page).getByText('The end.'));
    });

    it('how to ask for it, without the key', async () => {
      const gateway = await useGateway();
      const { job_id } = await finishJob(gateway, 'hello');
      const { page } = await openJob(gateway, job_id);
      await button(page, 'Copy: curl').click();
      await expectShown(button(page, 'Copied: curl'));
      const curl = String(await copied(page));
      expect(curl).toContain('$JOBGATE_API_KEY');
      expect(curl).not.toContain(gateway.keys.admin);
      const env = { ...process.env, JOBGATE_API_KEY: gateway.keys.read };
      const { stdout } = await promisify(execFile)('sh', ['-c', curl], { env });
      expect(JSON.parse(stdout).response).toMatchObject({ job_status: 'done', job_id });
      await button(page, 'Copy: TypeScript').click();
      await expectShown(button(page, 'Copied: TypeScript'));
      await expect.poll(() => copied(page)).toContain(`jobgate.status('${job_id}')`);
    });

    it('its id, to copy', async () => {
      const gateway = await useGateway();
      const jobId = await submitJob(gateway);
      const { page } = await openJob(gateway, jobId);
      await button(page, 'Copy: Job id').click();
      await expectShown(button(page, 'Copied: Job id'));
      await expect.poll(() => copied(page)).toBe(jobId);
    });

    it('a result of the largest size allowed, a part at a time, and whole as a file', async () => {
      const gateway = await useGateway();
      const lease = await startJob(gateway);
      const words = Array.from({ length: 380_000 }, (_, n) => `word-${n}-abcd`);
      const result = { words, text: 'x'.repeat(1_000_000) };
      const body = JSON.stringify({ ...lease, result });
      expect(body.length).toBeGreaterThan(7 * 1024 * 1024);
      const { page } = await openJob(gateway, lease.job_id);
      await expectShown(state(page, 'Running'));
      const { status } = await gateway.request('POST', '/v1/toolkit/worker/complete', {
        key: gateway.keys.work,
        rawBody: body,
        headers: { 'content-type': 'application/json' },
      });
      expect(status).toBe(200);
      await expectShown(state(page, 'Done'));
      await expectShown(json(page, 'Result').getByText('"word-99-abcd"'));
      expect(await json(page, 'Result').innerText()).not.toContain('word-100-');
      expect(await longestTask(page)).toBeLessThan(1500);
      await expectShown(json(page, 'Result').getByText('380,000', { exact: true }));
      await json(page, 'Result').getByRole('button', { name: 'Show 500 more' }).click();
      await expectShown(json(page, 'Result').getByText('"word-599-abcd"'));
      await expectShown(json(page, 'Result').getByText('1,000,000 characters in all.'));
      const download = page.waitForEvent('download');
      await button(page, 'Download: Result').click();
      const path = await (await download).path();
      expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(result);
      expect(await page.locator('*').count()).toBeLessThan(5000);
    });

    it('a result of very many lists only as far as it can be read, and each list when it is opened', async () => {
      const gateway = await useGateway();
      const texts = Array.from({ length: 100 }, (_, n) => `${n}: `.padEnd(750, 'x'));
      const lists = Array.from({ length: 100 }, () => texts);
      expect(JSON.stringify(lists).length).toBeGreaterThan(7 * 1024 * 1024);
      const { job_id } = await finishJob(gateway, lists);
      const { page } = await openJob(gateway, job_id);
      const result = json(page, 'Result');
      await expectShown(result.getByText('"0: xxx'));
      expect(await result.locator('*').count()).toBeLessThan(2000);
      expect((await result.innerText()).length).toBeLessThan(150_000);
      const last = result.locator('details').last();
      await expect.poll(() => last.innerText()).toMatch(/^99: \[…\]\s*100$/);
      await last.locator('summary').click();
      await expectShown(last.getByText('"99: xxx'));
    });

    it('a hundred hostile texts as texts', async () => {
      const gateway = await useGateway();
      const payload = Object.fromEntries(XSS_PAYLOADS.map((text) => [text, text]));
      const options = { id: XSS_PAYLOADS[0]!, payload, max_attempts: 100 };
      const jobId = await submitJob(gateway, options);
      for (const text of XSS_PAYLOADS.slice(0, 30)) {
        const lease = await claimJob(gateway, { worker_id: text.slice(0, 100) });
        const failure = { message: text, retry: true, retry_delay_seconds: 0 };
        await report(gateway, 'fail', { ...lease, ...failure });
      }
      const lease = await claimJob(gateway, { worker_id: XSS_PAYLOADS[1]! });
      await report(gateway, 'progress', {
        ...lease,
        phase: XSS_PAYLOADS[2],
        message: XSS_PAYLOADS[3],
      });
      const { page } = await openJob(gateway, jobId);
      await expectShown(standing(page).getByText(XSS_PAYLOADS[3]!));
      await button(page, /Show \d+ earlier claims/).click();
      await report(gateway, 'complete', { ...lease, result: XSS_PAYLOADS });
      await expectShown(json(page, 'Result'));
      const parts = page.locator('.json-body, .timeline, .facts, .job-standing');
      expect(await parts.locator('script, img, svg, iframe, [onerror], [onload]').count()).toBe(0);
      expect(await page.evaluate('window.__xss')).toBeUndefined();
    });

    it.for(['light', 'dark'] as const)('nothing that axe-core minds, in %s', async (theme) => {
      const { gateway, receiver } = await useReceiver();
      const failed = await submitJob(gateway, { webhook_url: receiver.url });
      await report(gateway, 'fail', { ...(await claimJob(gateway)), message: 'no', retry: false });
      const running = await startJob(gateway);
      await report(gateway, 'progress', { ...running, percent: 40, phase: 'decoding' });
      const { page, axe } = await openJob(gateway, running.job_id, { theme });
      await expectShown(standing(page).getByText('decoding'));
      expect(await axe()).toEqual([]);
      await page.goto(`${gateway.url}/jobs/${failed}`);
      await expectShown(page.getByText('Delivered'));
      expect(await axe()).toEqual([]);
      await button(page, 'Delete').click();
      expect(await axe()).toEqual([]);
      await page.goto(`${gateway.url}/jobs/${UNKNOWN_ID}`);
      await expectShown(page.getByRole('heading', { name: 'There is no such job' }));
      expect(await axe()).toEqual([]);
    });

    it('all of it on a phone, in Spanish, and never scrolls sideways', async () => {
      const gateway = await useGateway();
      const lease = await startJob(gateway, { id: 'x'.repeat(255) });
      await report(gateway, 'fail', { ...lease, message: 'y'.repeat(390), retry: false });
      const { page, axe } = await openJob(gateway, lease.job_id, {
        language: 'es-ES',
        viewport: { width: 360, height: 740 },
      });
      await expectShown(page.getByText('Falló con el código'));
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      expect(await axe()).toEqual([]);
    });
  });

  describe('changes', () => {
    it('cancels a waiting job, retries and deletes it', async () => {
      const gateway = await useGateway();
      const jobId = await submitJob(gateway);
      const { page } = await openJob(gateway, jobId);
      await expectShown(state(page, 'Queued'));
      expect(await button(page, 'Delete').count()).toBe(0);
      await button(page, 'Cancel').click();
      await button(page, 'Cancel the job').click();
      await expectShown(state(page, 'Cancelled'));
      await expectGone(page.getByRole('dialog'));
      const title = page.getByRole('heading', { level: 1 });
      await expectFocused(title);
      await button(page, 'Retry').click();
      await expectShown(state(page, 'Queued'));
      await expectFocused(title);
      await button(page, 'Cancel').click();
      await button(page, 'Cancel the job').click();
      await expectShown(state(page, 'Cancelled'));
      await button(page, 'Delete').click();
      await button(page, 'Delete the job').click();
      await page.waitForURL('**/jobs');
      const { status } = await post(gateway, 'read', 'job/get', { job_id: jobId });
      expect(status).toBe(404);
    });

    it('asks the worker of a running one to stop', async () => {
      const gateway = await useGateway();
      const lease = await startJob(gateway);
      const { page } = await openJob(gateway, lease.job_id);
      await button(page, 'Cancel').click();
      await expectShown(page.getByText('Its worker is asked to stop'));
      await button(page, 'Cancel the job').click();
      await expectShown(standing(page).getByText('Its worker was asked to stop'));
      await expectGone(button(page, /^Cancel/));
      await report(gateway, 'fail', { ...lease, message: 'stopped' });
      await expectShown(state(page, 'Cancelled'));
    });

    it('says why it could not', async () => {
      const restarting = await useRestartingGateway();
      const failed = await startJob(restarting.gateway);
      await report(restarting.gateway, 'fail', { ...failed, message: 'no', retry: false });
      const { page } = await openJob(restarting.gateway, failed.job_id);
      await expectShown(state(page, 'Failed'));
      await restarting.stop();
      await button(page, 'Retry').click();
      const actions = page.locator('.page-actions');
      await expectShown(actions.getByText('The gateway does not answer'));
      await restarting.start();
      await button(page, 'Retry').click();
      await expectShown(state(page, 'Queued'));
    });

    it('at once or not at all where the browser is offline', async () => {
      const gateway = await useGateway();
      const failed = await startJob(gateway);
      await report(gateway, 'fail', { ...failed, message: 'no', retry: false });
      const { page, context } = await openJob(gateway, failed.job_id);
      await expectShown(state(page, 'Failed'));
      await context.setOffline(true);
      await button(page, 'Retry').click();
      const said = page.locator('.page-actions').getByText('The gateway does not answer');
      await expectShown(said);
      await context.setOffline(false);
      await expectShown(page.locator('.connection[data-state=live]'));
      // A call later than any that was put off would be.
      await submitJob(gateway, { endpoint: '/v1/media/cut' });
      await page.getByRole('link', { name: 'Jobs', exact: true }).click();
      await expectShown(page.locator('tbody').getByText('/v1/media/cut'));
      const after = await post(gateway, 'read', 'job/get', { job_id: failed.job_id });
      expect(after.json.job_status).toBe('failed');
    });

    it('with its deletion under way leaves who went elsewhere there', async () => {
      const gateway = await useGateway();
      const { job_id } = await finishJob(gateway);
      const { page } = await openJob(gateway, job_id);
      await button(page, 'Delete').click();
      const answer = await holdAnswer(page, 'job.delete');
      await button(page, 'Delete the job').click();
      await answer.asked;
      await page.keyboard.press('Escape');
      await expectShown(page.getByRole('dialog'));
      await visit(page, '/try');
      await answer.give();
      await page.locator('[name=endpoint]').fill(ENDPOINT);
      await button(page, 'Submit the job').click();
      await expectShown(page.getByRole('region', { name: 'The job', exact: true }));
      await expect.poll(() => new URL(page.url()).pathname).toBe('/try');
    });

    it('nothing with a key that may only read', async () => {
      const gateway = await useGateway();
      const { page } = await openJob(gateway, await submitJob(gateway), { key: 'read' });
      await expectShown(state(page, 'Queued'));
      expect(await page.locator('.page-actions').getByRole('button').count()).toBe(0);
    });

    it('sends a webhook again', async () => {
      const { gateway, receiver } = await useReceiver();
      receiver.reply = () => ({ status: 410, body: 'no more, <b>please</b>' });
      await submitJob(gateway, { webhook_url: receiver.url });
      const lease = await claimJob(gateway);
      const { page } = await openJob(gateway, lease.job_id);
      await expectShown(page.getByText('None was sent'));
      await report(gateway, 'complete', { ...lease, result: 1 });
      const delivery = page.getByRole('article');
      await expectShown(delivery.getByText('The receiver answered 410: it wants no more.'));
      await expectShown(delivery.getByText('no more, <b>please</b>'));
      receiver.reply = () => ({ status: 204 });
      await delivery.getByRole('button', { name: 'Send again' }).click();
      await expectShown(delivery.getByText('Delivered'));
      await expectShown(delivery.getByText('204'));
      await expectFocused(delivery.getByRole('button', { name: 'Send again' }));
      expect(receiver.arrivals).toHaveLength(2);
    });
  });

  describe('says so of a job', () => {
    it('that is not there', async () => {
      const gateway = await useGateway();
      const { page } = await openJob(gateway, UNKNOWN_ID);
      await expectShown(page.getByRole('heading', { name: 'There is no such job' }));
      await page.getByRole('link', { name: 'Go to the jobs' }).click();
      await page.waitForURL('**/jobs');
    });

    it('whose id is none', async () => {
      const { page } = await openDashboard({ path: '/jobs/%3Cimg%20src=x%3E' });
      await expectShown(page.getByRole('heading', { name: 'This is no job id' }));
    });

    it('that is written in capitals', async () => {
      const gateway = await useGateway();
      const jobId = await submitJob(gateway);
      const { page } = await openJob(gateway, jobId.toUpperCase());
      await expectShown(state(page, 'Queued'));
      await page.waitForURL(`**/jobs/${jobId}`);
      await claimJob(gateway);
      await expectShown(state(page, 'Running'));
    });

    it('that is deleted while it is looked at', async () => {
      const gateway = await useGateway();
      const { job_id } = await finishJob(gateway);
      const { page } = await openJob(gateway, job_id);
      await expectShown(state(page, 'Done'));
      await post(gateway, 'submit', 'job/delete', { job_id });
      await expectShown(page.getByRole('heading', { name: 'This job was deleted' }));
    });

    it('that cannot be read now, and reads it once it can', async () => {
      const restarting = await useRestartingGateway();
      const jobId = await submitJob(restarting.gateway);
      const { page } = await openDashboard({ gateway: restarting.gateway, path: '/jobs' });
      await expectShown(page.locator('tbody tr'));
      await restarting.stop();
      await page.locator('tbody a').click();
      await expectShown(page.getByRole('button', { name: 'Try again' }));
      await restarting.start();
      await expectShown(state(page, 'Queued'));
      await expect.poll(() => page.url()).toContain(jobId);
    });
  });
});
