// The whole page: what must hold of every page there is, in both themes and both languages.
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../cli/child.ts';
import { claimJob, post, submitJob } from '../clients.ts';
import { startTestGateway } from '../gateway.ts';
import { useGateway } from '../used-gateway.ts';
import { pathsOf, startBusyGateway, type BusyGateway } from './busy-gateway.ts';
import {
  describeDashboard,
  expectGone,
  expectSettled,
  expectShown,
  go,
  openDashboard,
  sidewaysOf,
  type DashboardOptions,
} from './dashboard-harness.ts';

let busy: BusyGateway;

beforeAll(async () => {
  busy = await startBusyGateway();
}, 60_000);

afterAll(() => busy.close());

const openBusy = (options: DashboardOptions = {}) => openDashboard({ gateway: busy, ...options });

describeDashboard('the whole page', () => {
  describe.each(['light', 'dark'] as const)('axe finds nothing, %s,', (theme) => {
    it('on any page', async () => {
      const { page, axe } = await openBusy({ theme });
      for (const path of pathsOf(busy)) {
        await go(page, path);
        expect({ path, found: await axe() }).toEqual({ path, found: [] });
      }
    });

    it('where there is no page, nor may be', async () => {
      const { page, axe } = await openBusy({ theme, key: 'read' });
      for (const path of ['/nowhere', '/keys', '/try']) {
        await go(page, path);
        expect({ path, found: await axe() }).toEqual({ path, found: [] });
      }
    });

    it('on the sign-in, with what it refused, and for a worker’s key', async () => {
      const { page, axe, signIn } = await openBusy({ theme, key: null });
      expect(await axe()).toEqual([]);
      await signIn('wrong');
      await expectShown(page.getByRole('alert').filter({ hasText: 'This key is not known' }));
      expect(await axe()).toEqual([]);
      await signIn(busy.keys.work);
      await expectShown(page.getByRole('heading', { name: 'This key is for workers' }));
      expect(await axe()).toEqual([]);
    });

    it('in an empty gateway, and offline', async () => {
      const gateway = await startTestGateway();
      const { page, axe } = await openDashboard({ gateway, theme });
      for (const path of ['/', '/jobs', '/audit?action=job.retry']) {
        await go(page, path);
        expect({ path, found: await axe() }).toEqual({ path, found: [] });
      }
      await gateway.close();
      await expectShown(page.getByRole('alert'));
      expect(await axe()).toEqual([]);
      await page.getByRole('link', { name: 'Jobs' }).click();
      expect(await axe()).toEqual([]);
    });
  });

  it.each(['light', 'dark'] as const)('does not scroll sideways at 360 px, %s', async (theme) => {
    const { page } = await openBusy({ theme, viewport: { width: 360, height: 740 } });
    for (const path of pathsOf(busy)) {
      await go(page, path);
      expect([path, await sidewaysOf(page)]).toEqual([path, 0]);
    }
    await go(page, '/keys');
    await page.getByRole('button', { name: 'New key' }).click();
    expect(await sidewaysOf(page)).toBe(0);
  });

  describe('by keyboard alone', () => {
    it('is signed in to, and gone through page by page', async () => {
      const { page } = await openBusy({ key: null });
      await expectShown(page.locator('input[name=api-key]:focus'));
      await page.keyboard.type(busy.keys.admin);
      await page.keyboard.press('Enter');
      for (const name of ['Jobs', 'Try it', 'Keys', 'Audit', 'Overview']) {
        await expectSettled(page);
        await tabTo(page, (focused) => focused.tag === 'A' && focused.name === name);
        await page.keyboard.press('Enter');
        await expectShown(page.getByRole('heading', { level: 1, name, exact: true }));
        await expect.poll(async () => (await focusedElement(page)).tag).toBe('H1');
      }
      await tabTo(page, ({ name }) => name === 'Sign out');
      await page.keyboard.press('Enter');
      await expectShown(page.locator('.sign-in'));
    });

    it('cancels, retries and deletes a job', async () => {
      const gateway = await useGateway();
      const job_id = await submitJob(gateway);
      const { page } = await openDashboard({ gateway, path: `/jobs/${job_id}` });
      await expectSettled(page);
      await press(page, 'Cancel', 'Cancel the job');
      await expectShown(page.locator('[data-state=cancelled]'));
      await press(page, 'Retry');
      await expectShown(page.locator('[data-state=queued]'));
      await press(page, 'Cancel', 'Cancel the job');
      await expectShown(page.locator('[data-state=cancelled]'));
      await press(page, 'Delete', 'Delete the job');
      await page.waitForURL('**/jobs');
      expect((await post(gateway, 'read', 'job/get', { job_id })).status).toBe(404);
    });

    it('rotates a key and revokes the old one', async () => {
      const gateway = await useGateway();
      await post(gateway, 'admin', 'keys/create', { name: 'n8n', scopes: ['read'] });
      const { page } = await openDashboard({ gateway, path: '/keys' });
      await expectSettled(page);
      await press(page, 'Rotate n8n', 'Rotate', 'I have copied it');
      const rows = page.getByRole('row').filter({ hasText: 'n8n' });
      await expect.poll(() => rows.count()).toBe(2);
      await press(page, 'Revoke n8n', 'Revoke');
      await expectShown(rows.filter({ hasText: 'Revoked' }));
    });

    it('begins with a link past the bar', async () => {
      const { page } = await openBusy();
      await expectSettled(page);
      await tabTo(page, ({ name }) => name === 'Skip to content', 'Shift+Tab');
      await page.keyboard.press('Enter');
      await expect.poll(async () => (await focusedElement(page)).tag).toBe('MAIN');
    });

    it(
      'reaches everything that can be used, and shows where it is',
      { timeout: 240_000 },
      async () => {
        const { page } = await openBusy();
        for (const path of pathsOf(busy)) {
          await go(page, path);
          expect({ path, missed: await missedByTab(page) }).toEqual({ path, missed: [] });
        }
      },
    );
  });

  it('says that the gateway is away, and shows what is new once it is back', async () => {
    const databasePath = join(temporaryFolder(), 'jobgate.db');
    const before = await startTestGateway({ databasePath });
    await submitJob(before, { id: 'before the break' });
    const { page } = await openDashboard({ gateway: before, path: '/jobs' });
    await expectSettled(page);
    await expectShown(page.getByText('before the break'));
    await before.close();
    const banner = page.getByRole('alert').filter({ hasText: 'The gateway does not answer.' });
    await expectShown(banner);
    await expectShown(page.getByText('before the break'));
    const port = Number(new URL(before.url).port);
    const after = await useGateway({ databasePath, port });
    await submitJob(after, { id: 'after the break' });
    await expectShown(page.getByText('after the break'));
    await expectGone(banner);
    const lease = await claimJob(after);
    await post(after, 'work', 'worker/complete', { ...lease, result: 1 });
    await expectShown(page.locator('[data-state=done]'));
  });

  it('says so when the gateway is away as it is opened again, and tries again', async () => {
    const databasePath = join(temporaryFolder(), 'jobgate.db');
    const before = await startTestGateway({ databasePath });
    const { page } = await openDashboard({ gateway: before });
    await expectSettled(page);
    // The page itself would not come either: what is tested is the sign-in of before.
    await page.route('**/trpc/keys.current*', (route) => route.abort());
    await page.reload();
    await expectShown(page.getByRole('alert').filter({ hasText: 'The gateway does not answer' }));
    await page.unroute('**/trpc/keys.current*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expectSettled(page);
    await before.close();
  });
});

interface Focused {
  tag: string;
  /** What it is called. */
  name: string;
}

const FOCUSED = `(() => {
  const { tagName, textContent, ariaLabel } = document.activeElement;
  return { tag: tagName, name: ariaLabel ?? textContent.trim() };
})()`;

const focusedElement = (page: Page) => page.evaluate<Focused>(FOCUSED);

/** Goes to each by Tab, one after the other, and presses it. */
async function press(page: Page, ...names: string[]): Promise<void> {
  for (const name of names) {
    await expectShown(page.getByRole('button', { name, exact: true }));
    await tabTo(page, (focused) => focused.name === name);
    await page.keyboard.press('Enter');
  }
}

async function tabTo(
  page: Page,
  isIt: (focused: Focused) => boolean,
  key: 'Tab' | 'Shift+Tab' = 'Tab',
): Promise<void> {
  for (let presses = 0; presses < 300; presses += 1) {
    await page.keyboard.press(key);
    if (isIt(await focusedElement(page))) return;
  }
  throw new Error('Tab does not lead there');
}

/** What can be used and is to be seen, as it is now; each that is focused and drawn so is crossed out. */
const WATCH = `(() => {
  const usable = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
  const isThere = (element) => !element.disabled && element.tabIndex >= 0 &&
    element.checkVisibility() && !(element.type === 'radio' && !element.checked);
  window.missed = new Set([...document.querySelectorAll(usable)].filter(isThere));
  const crossOut = ({ target }) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(target);
    if (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) window.missed.delete(target);
  };
  addEventListener('focusin', crossOut);
  return window.missed.size;
})()`;

/** Those that Tab does not reach, or where nobody sees that it did. */
async function missedByTab(page: Page): Promise<string[]> {
  const count = await page.evaluate<number>(WATCH);
  // A field for a date has several stops, and the browser's own bar has some.
  for (let presses = 0; presses < 3 * count + 40; presses += 1) {
    await page.keyboard.press('Tab');
    const isOver = presses % 10 === 9 && (await page.evaluate('window.missed.size')) === 0;
    if (isOver) return [];
  }
  return page.evaluate('[...window.missed].map(({ outerHTML }) => outerHTML)');
}
