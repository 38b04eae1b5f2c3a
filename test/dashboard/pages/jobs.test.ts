// The page of jobs: what it lists, filters, pages, live rows, and what is done to many at once.
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { claimJob, ENDPOINT, finishJob, post, startJob, submitJob } from '../../clients.ts';
import type { TestGateway } from '../../gateway.ts';
import { FakeClock } from '../../fake-clock.ts';
import { newJob } from '../../store/contract/harness.ts';
import { useGateway, work } from '../../used-gateway.ts';
import {
  describeDashboard,
  drawn,
  expectFocused,
  expectGone,
  expectSettled,
  expectShown,
  holdAnswer,
  openDashboard,
  type DashboardOptions,
} from '../dashboard-harness.ts';
import { useRestartingGateway } from '../restarting-gateway.ts';
import { XSS_PAYLOADS } from '../xss-payloads.ts';

/** Run in the page. */
const IDS = `[...document.querySelectorAll('tbody a')].map((a) => a.pathname.split('/').at(-1))`;
const FOCUSED = `document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()`;

const OTHER = '/v1/media/cut';

const openJobs = (options: DashboardOptions = {}) => openDashboard({ path: '/jobs', ...options });
const rows = (page: Page) => page.locator('tbody tr');
const row = (page: Page, jobId: string) =>
  rows(page).filter({ has: page.locator(`a[href$="${jobId}"]`) });
const ids = (page: Page): Promise<string[]> => page.evaluate(IDS);
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
const stateTab = (page: Page, name: RegExp) =>
  page.getByRole('navigation', { name: 'State' }).getByRole('link', { name });
const pick = (page: Page, jobId: string) =>
  page.getByRole('checkbox', { name: `Select job ${jobId}`, exact: true });

/** Waits until these are the jobs listed, in this order. */
async function expectListed(page: Page, jobIds: string[]): Promise<void> {
  await expect.poll(() => ids(page)).toEqual(jobIds);
}

/** Their ids, the newest first, as the page lists them. */
async function submitMany(gateway: TestGateway, count: number): Promise<string[]> {
  const answers: string[] = [];
  for (let left = count; left > 0; left -= 100) {
    const jobs = Array.from({ length: Math.min(left, 100) }, () => ({ endpoint: ENDPOINT }));
    const { status, json } = await post(gateway, 'submit', 'jobs/submit', { jobs });
    expect(status).toBe(202);
    answers.push(...json.jobs.map((job: { job_id: string }) => job.job_id));
  }
  return answers.toReversed();
}

async function failJob(gateway: TestGateway, message = 'no sound'): Promise<string> {
  const lease = await startJob(gateway);
  const { status } = await post(gateway, 'work', 'worker/fail', {
    ...lease,
    message,
    retry: false,
  });
  expect(status).toBe(200);
  return lease.job_id;
}

/** What became of a job, as the gateway says. */
const statusOf = async (gateway: TestGateway, job_id: string): Promise<string> =>
  (await post(gateway, 'read', 'job/get', { job_id })).json.job_status;

describeDashboard('the page of jobs', () => {
  describe('shows', () => {
    it('of no jobs, how there will be some', async () => {
      const { page } = await openJobs();
      await expectShown(page.getByText('There are no jobs yet'));
      await page.getByRole('link', { name: 'Submit a job' }).click();
      await page.waitForURL('**/try');
    });

    it('of each job what matters in its state, the newest first', async () => {
      const gateway = await useGateway();
      const done = await finishJob(gateway);
      const failed = await failJob(gateway, 'the file has no sound');
      const running = await startJob(gateway, { id: 'order-17' });
      const progress = { ...running, percent: 40, phase: 'decoding' };
      expect((await post(gateway, 'work', 'worker/progress', progress)).status).toBe(200);
      const delayed = await submitJob(gateway, { endpoint: OTHER, delay_seconds: 3600 });
      const { page } = await openJobs({ gateway });
      await expectListed(page, [delayed, running.job_id, failed, done.job_id]);
      const texts = await rows(page).allInnerTexts();
      expect(texts[0]).toMatch(/Queued[^]*\/v1\/media\/cut[^]*Begins in 59 min/);
      expect(texts[1]).toMatch(/Running[^]*order-17[^]*40 % decoding/);
      expect(texts[2]).toMatch(/Failed[^]*the file has no sound/);
      expect(texts[3]).toMatch(/Done[^]*\/v1\/media\/transcribe/);
      const at = row(page, done.job_id).locator('time');
      await expect.poll(() => at.innerText()).toMatch(/ago|now/);
      await expect.poll(() => at.getAttribute('title')).toContain(String(new Date().getFullYear()));
    });

    it('how many there are in each state', async () => {
      const gateway = await useGateway();
      await finishJob(gateway);
      await submitMany(gateway, 3);
      const { page } = await openJobs({ gateway });
      await expectShown(stateTab(page, /^All 4$/));
      await expectShown(stateTab(page, /^Queued 3$/));
      await expectShown(stateTab(page, /^Done 1$/));
    });

    it('to a key that may only read, no way to change anything', async () => {
      const gateway = await useGateway();
      await submitJob(gateway);
      const { page } = await openJobs({ gateway, key: 'read' });
      await expectShown(rows(page));
      expect(await page.getByRole('checkbox').count()).toBe(0);
    });

    it.for(['light', 'dark'] as const)('nothing that axe-core minds, in %s', async (theme) => {
      const gateway = await useGateway();
      await finishJob(gateway);
      await failJob(gateway);
      await startJob(gateway, { id: 'order-17' });
      const chosen = await submitJob(gateway);
      const { page, axe } = await openJobs({ gateway, theme });
      await pick(page, chosen).click();
      expect(await axe()).toEqual([]);
      await button(page, 'Cancel jobs').click();
      expect(await axe()).toEqual([]);
      await page.goto(`${gateway.url}/jobs?search=nothing&since=1764000000000`);
      await expectShown(page.getByText('No job matches'));
      expect(await axe()).toEqual([]);
    });

    it('cards on a phone, and never scrolls sideways', async () => {
      const gateway = await useGateway();
      await submitJob(gateway, { id: 'x'.repeat(255), endpoint: `/${'y'.repeat(254)}` });
      const { page, axe } = await openJobs({ gateway, viewport: { width: 360, height: 740 } });
      await expectShown(rows(page));
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      expect(await axe()).toEqual([]);
    });

    it('Spanish to who asks for it', async () => {
      const gateway = await useGateway();
      await failJob(gateway);
      const { page } = await openJobs({ gateway, language: 'es-ES' });
      await expectShown(page.getByRole('heading', { name: 'Trabajos' }));
      await expect.poll(() => rows(page).innerText()).toContain('Fallido');
    });

    it('a hundred hostile texts as texts', async () => {
      const gateway = await useGateway();
      for (const text of XSS_PAYLOADS) {
        const lease = await startJob(gateway, { id: text.slice(0, 255) });
        const report = { ...lease, message: text, retry: false };
        expect((await post(gateway, 'work', 'worker/fail', report)).status).toBe(200);
      }
      const { page } = await openJobs({ gateway });
      await button(page, 'Load more').click();
      await expect.poll(() => rows(page).count()).toBe(XSS_PAYLOADS.length);
      expect(
        await rows(page).locator('script, img, svg, iframe, [onerror], [onload]').count(),
      ).toBe(0);
      expect(await page.evaluate('window.__xss')).toBeUndefined();
    });
  });

  describe('filters', () => {
    it('by state, endpoint, caller’s id and search, kept in the URL over a reload', async () => {
      const gateway = await useGateway();
      const done = await finishJob(gateway);
      const cut = await submitJob(gateway, { endpoint: OTHER, id: 'cut-1' });
      const named = await submitJob(gateway, { id: 'order-17' });
      const { page } = await openJobs({ gateway });
      await stateTab(page, /^Done/).click();
      await expectListed(page, [done.job_id]);
      await expect.poll(() => page.url()).toContain('job_status=done');
      await stateTab(page, /^All/).click();
      await page.getByLabel('Endpoint').selectOption(OTHER);
      await expectListed(page, [cut]);
      await page.getByLabel('Endpoint').selectOption('');
      await page.getByLabel('Caller’s id').fill('order-17');
      await expectListed(page, [named]);
      await page.reload();
      await expectListed(page, [named]);
      await expect.poll(() => page.getByLabel('Caller’s id').inputValue()).toBe('order-17');
      await page.getByLabel('Caller’s id').fill('');
      await page.getByLabel('Search ids').fill('cut');
      await expectListed(page, [cut]);
      await page.getByLabel('Search ids').fill(done.job_id);
      await expectListed(page, [done.job_id]);
      await button(page, 'Clear filters').click();
      await expectListed(page, [named, cut, done.job_id]);
      await expect.poll(() => new URL(page.url()).search).toBe('');
      await expect.poll(() => page.getByLabel('Search ids').inputValue()).toBe('');
    });

    it('while typing, without a step of Back for each letter', async () => {
      const gateway = await useGateway();
      await submitJob(gateway, { id: 'order-17' });
      const { page } = await openJobs({ gateway, path: '/' });
      await page.getByRole('link', { name: 'Jobs' }).click();
      await page.getByLabel('Search ids').pressSequentially('nothing-of-this', { delay: 30 });
      await expectShown(page.getByText('No job matches'));
      await page.goBack();
      await expect.poll(() => new URL(page.url()).pathname).toBe('/');
    });

    it('by time', async () => {
      const gateway = await useGateway();
      const job = await submitJob(gateway);
      const { page } = await openJobs({ gateway });
      await page.getByLabel('Submitted', { exact: true }).selectOption('Last hour');
      await expectListed(page, [job]);
      await expect.poll(() => page.url()).toContain('within=1h');
      await page.getByLabel('Submitted', { exact: true }).selectOption('range');
      await expectListed(page, [job]);
      await page.getByLabel('Submitted until').fill('2026-01-01T00:00');
      await page.getByLabel('Submitted from').fill('2025-01-01T00:00');
      await expectShown(page.getByText('No job matches'));
      const { searchParams } = new URL(page.url());
      const until = new Date('2026-01-01T00:00').getTime() + 59_999;
      expect(Number(searchParams.get('until'))).toBe(until);
    });

    it('by a search that looks through many before it finds one, and says so', async () => {
      // As on a machine that takes them all within a millisecond.
      const gateway = await useGateway({ clock: new FakeClock(), maxQueueLength: 0 });
      const submit = async (count: number, begin: string) => {
        const named = (_: unknown, n: number) => newJob({ tenant: 'default', id: `${begin}-${n}` });
        await gateway.services.store.submit(Array.from({ length: count }, named));
      };
      await submit(10_001, 'old');
      await submit(6500, 'new');
      const { page } = await openJobs({ gateway, path: '/jobs?search=old-' });
      for (let looks = 0; looks < 2; looks += 1) {
        await expectShown(page.getByText('No match among the jobs looked through so far'));
        expect(await page.getByText('No job matches').count()).toBe(0);
        const answered = page.waitForResponse(/jobs\.list/);
        await button(page, 'Load more').click();
        await answered;
      }
      await expectShown(rows(page).filter({ hasText: 'old-10000' }));
      await expectGone(page.getByText('No match among'));
    });

    it('and goes back to the ones before', async () => {
      const gateway = await useGateway();
      const job = await submitJob(gateway);
      const { page } = await openJobs({ gateway });
      await stateTab(page, /^Failed/).click();
      await expectShown(page.getByText('No job matches'));
      await page.goBack();
      await expectListed(page, [job]);
    });

    it('that nothing matches, or that are refused, are cleared with a button', async () => {
      const gateway = await useGateway();
      const job = await submitJob(gateway);
      const { page } = await openJobs({
        gateway,
        path: '/jobs?endpoint=no+path&job_status=nonsense',
      });
      await expectShown(page.getByText(/The gateway said: .*Must be a path/));
      await page.getByRole('button', { name: 'Clear filters' }).last().click();
      await expectListed(page, [job]);
    });
  });

  describe('pages', () => {
    it('by the button, and never more than ten', async () => {
      const gateway = await useGateway();
      const submitted = await submitMany(gateway, 530);
      const { page } = await openJobs({ gateway });
      await expectListed(page, submitted.slice(0, 50));
      for (let shown = 100; shown <= 500; shown += 50) {
        await button(page, 'Load more').click();
        await expect.poll(() => rows(page).count()).toBe(shown);
        if (shown < 500) await expectFocused(button(page, 'Load more'));
      }
      await expect.poll(() => button(page, 'Load more').count()).toBe(0);
      await page.getByRole('link', { name: 'Go on with older jobs' }).click();
      await expectListed(page, submitted.slice(500));
      await expectShown(page.getByText('These are all.'));
      await page.reload();
      await expectListed(page, submitted.slice(500));
      await page.getByRole('link', { name: 'Back to the newest jobs' }).click();
      await expect.poll(async () => (await ids(page))[0]).toBe(submitted[0]);
    });

    it('with what happened while one was on its way', async () => {
      const gateway = await useGateway();
      const submitted = await submitMany(gateway, 60);
      const { page } = await openJobs({ gateway });
      await expectListed(page, submitted.slice(0, 50));
      const answer = await holdAnswer(page, 'jobs.list');
      await button(page, 'Load more').click();
      await answer.asked;
      const cancel = { job_id: submitted[0] };
      expect((await post(gateway, 'submit', 'job/cancel', cancel)).status).toBe(200);
      await expectShown(row(page, submitted[0]!).getByText('Cancelled'));
      await answer.give();
      await expectListed(page, submitted);
      await expectShown(row(page, submitted[0]!).getByText('Cancelled'));
    });

    it('also where the gateway comes back meanwhile', async () => {
      const restarting = await useRestartingGateway();
      const submitted = await submitMany(restarting.gateway, 60);
      const { page } = await openJobs({ gateway: restarting.gateway });
      await expectListed(page, submitted.slice(0, 50));
      const answer = await holdAnswer(page, 'jobs.list');
      await button(page, 'Load more').click();
      await answer.asked;
      await restarting.stop();
      await expectShown(page.getByText('The gateway does not answer.', { exact: false }));
      await restarting.start();
      await expectSettled(page);
      await answer.give();
      await expectListed(page, submitted);
    });

    it('again what could not be read', async () => {
      const restarting = await useRestartingGateway();
      await submitMany(restarting.gateway, 60);
      const { page } = await openJobs({ gateway: restarting.gateway });
      await expect.poll(() => rows(page).count()).toBe(50);
      await restarting.stop();
      await expectShown(page.getByText('The gateway does not answer.', { exact: false }));
      await expect.poll(() => rows(page).count()).toBe(50);
      await restarting.start();
      await button(page, 'Load more').click();
      await expect.poll(() => rows(page).count()).toBe(60);
      await expectFocused(page.locator('.jobs-foot').filter({ hasText: 'These are all.' }));
    });

    it('at the row that was left, when one comes back to it', async () => {
      const gateway = await useGateway();
      const submitted = await submitMany(gateway, 90);
      const { page } = await openJobs({ gateway });
      await button(page, 'Load more').click();
      const left = row(page, submitted[70]!);
      await left.getByRole('link').click();
      await expectShown(page.getByRole('heading', { name: /^Job / }));
      await expect.poll(() => page.evaluate('scrollY')).toBe(0);
      await page.goBack();
      await expect.poll(() => left.isVisible()).toBe(true);
      await expect.poll(() => page.evaluate('scrollY')).toBeGreaterThan(1000);
    });
  });

  describe('live', () => {
    it('shows a job as it comes, runs and ends within a second', async () => {
      const gateway = await useGateway();
      const { page } = await openJobs({ gateway });
      await expectShown(page.getByText('There are no jobs yet'));
      const worker = work(gateway, {
        [ENDPOINT]: async (_job, { progress }) => {
          progress({ percent: 25, phase: 'listening' });
          await new Promise((resolve) => setTimeout(resolve, 1500));
          return 'ok';
        },
      });
      const jobId = await submitJob(gateway);
      await expectShown(row(page, jobId).getByText('25 % listening'));
      await worker.event('completed');
      const ended = performance.now();
      await expectShown(row(page, jobId).getByText('Done'));
      expect(performance.now() - ended).toBeLessThan(1000);
    });

    it('does so too after the gateway was restarted under it', async () => {
      const restarting = await useRestartingGateway();
      const lease = await startJob(restarting.gateway);
      const { page } = await openJobs({ gateway: restarting.gateway });
      await expectShown(row(page, lease.job_id).getByText('Running'));
      await restarting.stop();
      await expectShown(page.getByText('Offline'));
      await restarting.start();
      await expectShown(page.getByText('Live', { exact: true }));
      await post(restarting.gateway, 'work', 'worker/complete', { ...lease, result: 1 });
      const ended = performance.now();
      await expectShown(row(page, lease.job_id).getByText('Done'));
      expect(performance.now() - ended).toBeLessThan(1000);
    });

    it('leaves the rows where they are while the reader is among them', async () => {
      const gateway = await useGateway();
      const submitted = await submitMany(gateway, 50);
      const { page } = await openJobs({ gateway });
      await expectListed(page, submitted);
      const seen = row(page, submitted[30]!);
      await seen.scrollIntoViewIfNeeded();
      await drawn(page);
      const before = await seen.boundingBox();
      const newest = await submitJob(gateway);
      await expectShown(button(page, 'Show newer jobs'));
      expect(await ids(page)).toEqual(submitted);
      expect(await seen.boundingBox()).toEqual(before);
      const lease = await claimJob(gateway);
      await expectShown(row(page, lease.job_id).getByText('Running'));
      await button(page, 'Show newer jobs').click();
      await expect.poll(async () => (await ids(page))[0]).toBe(newest);
      await expect.poll(() => page.evaluate('scrollY')).toBe(0);
      await expectGone(button(page, 'Show newer jobs'));
    });

    it('goes on when the one job that was selected is deleted', async () => {
      const gateway = await useGateway();
      const { job_id } = await finishJob(gateway);
      const { page } = await openJobs({ gateway });
      await pick(page, job_id).click();
      await post(gateway, 'submit', 'job/delete', { job_id });
      await expectShown(page.getByText('There are no jobs yet'));
      const next = await submitJob(gateway);
      await expectListed(page, [next]);
    });

    it('lets go of a job that is deleted, and of one that the filter no longer finds', async () => {
      const gateway = await useGateway();
      const failed = await failJob(gateway);
      const retried = await failJob(gateway);
      const { page } = await openJobs({ gateway, path: '/jobs?job_status=failed' });
      await expectListed(page, [retried, failed]);
      await post(gateway, 'submit', 'job/retry', { job_id: retried });
      await expectListed(page, [failed]);
      await post(gateway, 'submit', 'job/delete', { job_id: failed });
      await expectShown(page.getByText('No job matches'));
    });
  });

  describe('changes many', () => {
    it('cancels a range, and tells what had ended meanwhile', async () => {
      const gateway = await useGateway();
      const submitted = await submitMany(gateway, 5);
      const { page } = await openJobs({ gateway });
      await pick(page, submitted[1]!).click();
      await pick(page, submitted[4]!).click({ modifiers: ['Shift'] });
      await expectShown(page.getByText('4 jobs selected'));
      await button(page, 'Cancel jobs').click();
      await expectShown(page.getByRole('dialog', { name: 'Cancel 4 jobs?' }));
      const lease = await claimJob(gateway);
      expect(lease.job_id).toBe(submitted[4]);
      await post(gateway, 'work', 'worker/complete', { ...lease, result: 1 });
      await expectShown(page.getByText('1 selected job has ended and stays as it is.'));
      await button(page, 'Cancel 3 jobs').click();
      await expectShown(page.getByText('3 cancelled. 1 had ended already or is gone.'));
      await expectShown(row(page, submitted[1]!).getByText('Cancelled'));
      expect(await statusOf(gateway, submitted[0]!)).toBe('queued');
      expect(await statusOf(gateway, submitted[4]!)).toBe('done');
      await expect.poll(() => page.getByRole('checkbox', { checked: true }).count()).toBe(0);
    });

    it('retries all rows shown, and only those that can be', async () => {
      const gateway = await useGateway();
      const done = await finishJob(gateway);
      const failed = await failJob(gateway);
      const { page } = await openJobs({ gateway });
      await expectListed(page, [failed, done.job_id]);
      await page.getByRole('checkbox', { name: 'Select the jobs shown' }).click();
      await expect.poll(() => button(page, 'Cancel jobs').isDisabled()).toBe(true);
      await button(page, 'Retry jobs').click();
      await expectShown(page.getByText(/1 selected job has not failed/));
      await button(page, 'Retry 1 job').click();
      await expectShown(
        page.getByText('1 put back in the queue. 1 could not be retried or is gone.'),
      );
      await expectShown(row(page, failed).getByText('Queued'));
    });

    it('and says what became of them where none is left in the list', async () => {
      const gateway = await useGateway();
      const failed = await failJob(gateway);
      const { page } = await openJobs({ gateway, path: '/jobs?job_status=failed' });
      await expectListed(page, [failed]);
      await pick(page, failed).click();
      await button(page, 'Retry jobs').click();
      await button(page, 'Retry 1 job').click();
      await expectShown(page.getByText('No job matches'));
      await expectShown(page.getByRole('status').filter({ hasText: '1 put back in the queue' }));
    });

    it('cancels all that match the filters, also those not shown', async () => {
      const gateway = await useGateway();
      const submitted = await submitMany(gateway, 70);
      const other = await submitJob(gateway, { endpoint: OTHER });
      const { page } = await openJobs({ gateway, path: `/jobs?endpoint=${ENDPOINT}` });
      await page.getByRole('checkbox', { name: 'Select the jobs shown' }).click();
      await expectShown(page.getByText('50 jobs selected'));
      await button(page, 'Select all that match the filters').click();
      await button(page, 'Cancel jobs').click();
      await button(page, 'Cancel 70 jobs').click();
      await expectShown(page.getByText('70 cancelled.'));
      await expectFocused(page.getByRole('heading', { name: 'Jobs' }));
      expect(await statusOf(gateway, submitted[0]!)).toBe('cancelled');
      expect(await statusOf(gateway, other)).toBe('queued');
    });

    it('none that was submitted after they were counted', async () => {
      const gateway = await useGateway();
      await submitMany(gateway, 60);
      const { page } = await openJobs({ gateway, path: `/jobs?endpoint=${ENDPOINT}` });
      await page.getByRole('checkbox', { name: 'Select the jobs shown' }).click();
      await button(page, 'Select all that match the filters').click();
      await button(page, 'Cancel jobs').click();
      await expectShown(button(page, 'Cancel 60 jobs'));
      const later = await submitJob(gateway);
      await button(page, 'Cancel 60 jobs').click();
      await expectShown(page.getByText('60 cancelled.'));
      expect(await statusOf(gateway, later)).toBe('queued');
    });

    it('says why it could not, where it was asked for', async () => {
      const restarting = await useRestartingGateway();
      const job = await submitJob(restarting.gateway);
      const { page } = await openJobs({ gateway: restarting.gateway });
      await pick(page, job).click();
      await button(page, 'Cancel jobs').click();
      await restarting.stop();
      await button(page, 'Cancel 1 job').click();
      await expectShown(page.getByRole('dialog').getByText('The gateway does not answer'));
      await restarting.start();
      await button(page, 'Cancel 1 job').click();
      await expectShown(page.getByText('1 cancelled.'));
    });

    it('and says what became of them, however soon it is to be closed', async () => {
      const gateway = await useGateway();
      const job = await submitJob(gateway);
      const { page } = await openJobs({ gateway });
      await pick(page, job).click();
      await button(page, 'Cancel jobs').click();
      const answer = await holdAnswer(page, 'jobs.cancel');
      await button(page, 'Cancel 1 job').click();
      await answer.asked;
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await expectShown(page.getByRole('dialog'));
      await answer.give();
      await expectShown(page.getByText('1 cancelled.'));
    });

    it('by the keyboard alone', async () => {
      const gateway = await useGateway();
      const job = await submitJob(gateway);
      const { page } = await openJobs({ gateway });
      await expectShown(pick(page, job));
      const tabTo = async (name: string) => {
        for (let steps = 0; steps < 60; steps += 1) {
          await page.keyboard.press('Tab');
          if ((await page.evaluate(FOCUSED)) === name) return;
        }
        throw new Error(`${name} cannot be reached`);
      };
      await tabTo(`Select job ${job}`);
      await page.keyboard.press('Space');
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Shift+Tab');
      await expect.poll(() => page.evaluate(FOCUSED)).toBe('Cancel jobs');
      await page.keyboard.press('Enter');
      await expectShown(page.getByRole('dialog'));
      await tabTo('Cancel 1 job');
      await page.keyboard.press('Enter');
      await expectShown(page.getByText('1 cancelled.'));
    });
  });
});
