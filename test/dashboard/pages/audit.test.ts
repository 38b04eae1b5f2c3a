// The audit list: who did what, by name; filters that stand in the URL; page by page.
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { keyIdOf } from '../../../src/auth/key-format.ts';
import { post, submitJob } from '../../clients.ts';
import { FakeClock } from '../../fake-clock.ts';
import { createTestKey, type TestGateway } from '../../gateway.ts';
import { useGateway } from '../../used-gateway.ts';
import {
  describeDashboard,
  expectFocused,
  expectGone,
  expectShown,
  openDashboard,
  type DashboardOptions,
} from '../dashboard-harness.ts';

const openAudit = (options: DashboardOptions = {}) => openDashboard({ path: '/audit', ...options });
const rows = (page: Page) => page.locator('tbody tr');
const row = (page: Page, text: string) => rows(page).filter({ hasText: text }).first();
const search = (page: Page) => new URL(page.url()).searchParams;

/** By its own parts: what the list says of who did what to what. */
async function shown(page: Page): Promise<string[][]> {
  await expectShown(rows(page).first());
  const all = await rows(page).all();
  return Promise.all(
    all.map(async (each) => (await each.getByRole('cell').allInnerTexts()).slice(1)),
  );
}

/** One of each kind of job's and of keys' deeds; gives the job's id. */
async function doAll(gateway: TestGateway): Promise<string> {
  const job_id = await submitJob(gateway);
  await post(gateway, 'submit', 'job/cancel', { job_id });
  await post(gateway, 'submit', 'job/retry', { job_id });
  await post(gateway, 'admin', 'webhook/secret', { rotate: true });
  const { json } = await post(gateway, 'admin', 'keys/create', { name: 'n8n', tenant: 'acme' });
  await post(gateway, 'admin', 'keys/revoke', { key_id: json.key_id });
  return job_id;
}

describeDashboard('the audit list', () => {
  it('says who did what, newest first, with names, details and links to jobs', async () => {
    const gateway = await useGateway();
    const jobId = await doAll(gateway);
    const { page } = await openAudit({ gateway });
    const entries = await shown(page);
    const parts = entries.map(([who, did, , tenant, detail]) => [who, did, tenant, detail]);
    expect(parts.slice(0, 6)).toEqual([
      ['test admin', 'revoked a key', 'acme', ''],
      ['test admin', 'made a key', 'acme', 'name: n8n · scopes: submit'],
      ['test admin', 'changed the webhook secret', 'default', expect.any(String)],
      ['test submit', 'retried a job', 'default', ''],
      ['test submit', 'cancelled a job', 'default', ''],
      ['test submit', 'submitted a job', 'default', expect.any(String)],
    ]);
    expect(entries[0]?.[2]).toBe('n8n');
    await row(page, 'cancelled a job').getByRole('link').click();
    await expect.poll(() => new URL(page.url()).pathname).toBe(`/jobs/${jobId}`);
  });

  it('links no job that cannot be looked at: deleted ones, and those of other tenants', async () => {
    const gateway = await useGateway();
    const other = await createTestKey(gateway.services, 'submit', 'acme');
    const body = { endpoint: '/v1/media/cut' };
    await gateway.request('POST', '/v1/toolkit/job/submit', { key: other, body });
    const job_id = await submitJob(gateway);
    await post(gateway, 'submit', 'job/cancel', { job_id });
    await post(gateway, 'submit', 'job/delete', { job_id });
    const { page } = await openAudit({ gateway });
    await expectShown(row(page, 'deleted a job'));
    expect(await row(page, 'deleted a job').getByRole('link').count()).toBe(0);
    expect(await row(page, 'acme').getByRole('link').count()).toBe(0);
  });

  describe('is filtered', () => {
    it('by action, in the URL, which a reload, Back and a click on Clear keep to', async () => {
      const gateway = await useGateway();
      await doAll(gateway);
      const { page } = await openAudit({ gateway });
      await expectShown(row(page, 'made a key'));
      await page.getByLabel('Action').selectOption('cancelled a job');
      await expectGone(row(page, 'made a key'));
      await expect.poll(() => search(page).get('action')).toBe('job.cancel');
      await expect.poll(() => rows(page).count()).toBe(1);
      await page.reload();
      await expectShown(row(page, 'cancelled a job'));
      await expect.poll(() => rows(page).count()).toBe(1);
      await page.goBack();
      await expectShown(row(page, 'made a key'));
      await page.goForward();
      await expectGone(row(page, 'made a key'));
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await expectShown(row(page, 'made a key'));
      expect([...search(page)]).toEqual([]);
    });

    it('by key, tenant and job', async () => {
      const gateway = await useGateway();
      const jobId = await doAll(gateway);
      await submitJob(gateway);
      const { page } = await openAudit({ gateway });
      await page.getByLabel('Tenant').selectOption('acme');
      await expectGone(row(page, 'submitted a job'));
      await expect.poll(() => rows(page).count()).toBe(2);
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await expectShown(row(page, 'submitted a job'));
      await page.getByLabel('Key').selectOption(keyIdOf(gateway.keys.submit) ?? '');
      await expectGone(row(page, 'made a key'));
      await expect.poll(() => rows(page).count()).toBe(4);
      await page.getByLabel('Job id').fill(jobId.toUpperCase());
      await expect.poll(() => rows(page).count()).toBe(3);
      await expect.poll(() => search(page).get('job')).toBe(jobId.toUpperCase());
    });

    it('by time, and says when nothing matches', async () => {
      const gateway = await useGateway();
      await doAll(gateway);
      const { page } = await openAudit({ gateway });
      await page.getByLabel('Since').fill('2199-01-01T00:00');
      await expectShown(page.getByText('Nothing matches these filters'));
      await expect.poll(() => search(page).get('since')).toMatch(/^219[89]-.*Z$/);
      await page.getByLabel('Since').fill('');
      await expectShown(row(page, 'made a key'));
      await page.getByLabel('Until').fill('2001-01-01T00:00');
      await expectShown(page.getByText('Nothing matches these filters'));
    });

    it('by time, to the end of the minute that is chosen', async () => {
      const clock = new FakeClock(new Date('2026-01-05T12:30:59').getTime());
      const gateway = await useGateway({ clock });
      await doAll(gateway);
      const { page } = await openAudit({ gateway });
      await page.getByLabel('Until').fill('2026-01-05T12:29');
      await expectShown(page.getByText('Nothing matches these filters'));
      await page.getByLabel('Until').fill('2026-01-05T12:30');
      await expectShown(row(page, 'made a key'));
      await expect.poll(() => page.getByLabel('Until').inputValue()).toBe('2026-01-05T12:30');
    });

    it('not by half of a job id, which it says, nor by what the URL makes up', async () => {
      const gateway = await useGateway();
      await doAll(gateway);
      const { page } = await openAudit({ gateway, path: '/audit?action=x&since=never&nonsense=1' });
      await expectShown(row(page, 'made a key'));
      const field = page.getByLabel('Job id');
      await field.fill('019ab6a4');
      await field.press('Enter');
      await expectShown(page.getByText('This is not the whole id of a job.'));
      await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true');
      await expect.poll(() => search(page).get('job')).toBeNull();
    });
  });

  it('shows older ones page by page, each once, up to the first', async () => {
    const gateway = await useGateway();
    const jobs = Array.from({ length: 60 }, () => ({ endpoint: '/v1/media/cut' }));
    for (let count = 0; count < 2; count += 1)
      await post(gateway, 'submit', 'jobs/submit', { jobs });
    const { page } = await openAudit({ gateway, path: '/audit?action=job.submit' });
    const more = page.getByRole('button', { name: 'Show older ones' });
    for (const count of [50, 100, 120]) {
      await expect.poll(() => rows(page).count()).toBe(count);
      if (count === 100) await expectFocused(more);
      if (count < 120) await more.click();
    }
    await expectGone(more);
    await expectFocused(page.getByRole('heading', { name: 'Audit' }));
    const links = await rows(page).getByRole('link').all();
    const targets = await Promise.all(links.map((link) => link.getAttribute('href')));
    expect(new Set(targets).size).toBe(120);
  });

  it('is read again on demand, and says what to do when it cannot be', async () => {
    const { page, gateway } = await openAudit();
    await expectShown(rows(page).first());
    await submitJob(gateway);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await expectShown(row(page, 'submitted a job'));
    await expectFocused(page.getByRole('button', { name: 'Refresh' }));
    await page.goto(`${gateway.url}/audit?job=wrong`);
    await expectShown(page.getByRole('alert').filter({ hasText: 'Invalid UUID' }));
    await expectShown(page.getByRole('button', { name: 'Try again' }));
  });
});
