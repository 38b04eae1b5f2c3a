// The page of keys: what it shows of each, and making, rotating and revoking them.
import type { Page, Request } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { createApiKey } from '../../../src/auth/api-keys.ts';
import { keyIdOf } from '../../../src/auth/key-format.ts';
import type { Scope } from '../../../src/contract/scope.ts';
import { post, submitJob } from '../../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../../gateway.ts';
import { useGateway } from '../../used-gateway.ts';
import {
  describeDashboard,
  expectFocused,
  expectGone,
  expectShown,
  holdAnswer,
  openDashboard,
  type DashboardOptions,
} from '../dashboard-harness.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

interface NamedKey {
  name: string;
  tenant?: string;
  scopes?: Scope[];
  expiresAt?: number | null;
}

/** Its text. */
async function keyOf({ services }: TestGateway, wanted: NamedKey): Promise<string> {
  const defaults = { tenant: 'default', scopes: ['submit' as const], expiresAt: null };
  const { store, clock } = services;
  return (await createApiKey(store, clock, { ...defaults, ...wanted })).apiKey;
}

/** As the gateway lists it; the newest of that name. */
async function listed(gateway: TestGateway, name: string) {
  const { json } = await post(gateway, 'admin', 'keys/list', {});
  return (json.keys as { name: string }[]).findLast((key) => key.name === name) as any;
}

const opens = async (gateway: TestGateway, key: string): Promise<number> =>
  (await gateway.request('GET', '/v1/toolkit/authenticate', { key })).status;

const openKeys = (options: DashboardOptions = {}) => openDashboard({ path: '/keys', ...options });
const row = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });
const dialog = (page: Page) => page.getByRole('dialog');
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const madeKey = (page: Page) => dialog(page).getByLabel('API key', { exact: true }).inputValue();

/** Whether the gateway ends it first, or the page once it is told why. */
function endOfStream(page: Page): Promise<Request> {
  const { promise, resolve } = Promise.withResolvers<Request>();
  const tell = (request: Request) => {
    if (/watch/.test(request.url())) resolve(request);
  };
  page.on('requestfailed', tell).on('requestfinished', tell);
  return promise;
}

describeDashboard('the page of keys', () => {
  describe('shows', () => {
    it('what each key is, whose own first of all, and whether it opens anything', async () => {
      const gateway = await useGateway();
      await keyOf(gateway, { name: 'n8n', tenant: 'acme', scopes: ['submit', 'work'] });
      await keyOf(gateway, { name: 'outdated', expiresAt: Date.now() - 1 });
      const withdrawn = await keyOf(gateway, { name: 'withdrawn' });
      await post(gateway, 'admin', 'keys/revoke', { key_id: keyIdOf(withdrawn) });
      const { page } = await openKeys({ gateway });
      const n8n = row(page, 'n8n');
      await expectShown(n8n);
      const cells = await n8n.getByRole('cell').allInnerTexts();
      expect(cells.slice(1, 3).map((cell) => cell.split(/\s+/))).toEqual([
        ['acme'],
        ['submit', 'work'],
      ]);
      expect(cells.slice(4, 7)).toEqual(['never', 'never', 'Live']);
      await expect.poll(() => row(page, 'test admin').getByText('yours').count()).toBe(1);
      await expect.poll(() => row(page, 'outdated').innerText()).toContain('Expired');
      await expect.poll(() => row(page, 'withdrawn').innerText()).toContain('Revoked');
      for (const ended of ['outdated', 'withdrawn']) {
        expect(
          await row(page, ended)
            .getByRole('button', { name: /Rotate|Revoke/ })
            .count(),
        ).toBe(0);
      }
      await expectShown(page.getByText('6 of 8 keys open this gateway.'));
    });

    it('no secret', async () => {
      const { page, gateway } = await openKeys();
      await expectShown(row(page, 'test work'));
      const content = await page.content();
      for (const key of Object.values(gateway.keys)) expect(content).not.toContain(key);
    });
  });

  describe('makes a key', () => {
    it('as asked for, that is shown and copied once and opens the gateway', async () => {
      const { page, gateway } = await openKeys();
      await button(page, 'New key').click();
      await page.getByLabel('Name').fill('reports <b>');
      await page.getByLabel('Tenant').fill('acme');
      await dialog(page)
        .getByRole('checkbox', { name: /^submit/ })
        .uncheck();
      await dialog(page).getByRole('checkbox', { name: /^read/ }).check();
      await dialog(page).getByRole('checkbox', { name: /^work/ }).check();
      await button(page, 'Make the key').click();
      await expectShown(page.getByText('it is shown this once'));
      const made = await madeKey(page);
      await dialog(page).getByRole('button', { name: 'Copy: API key' }).click();
      await expectShown(dialog(page).getByRole('button', { name: 'Copied: API key' }));
      await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe(made);
      expect(await opens(gateway, made)).toBe(200);
      expect(await listed(gateway, 'reports <b>')).toMatchObject({
        key_id: keyIdOf(made),
        tenant: 'acme',
        scopes: ['read', 'work'],
        expires_at: null,
      });
      await button(page, 'I have copied it').click();
      await expectShown(row(page, 'reports <b>'));
      expect(await page.content()).not.toContain(made);
      expect(await page.locator('input').count()).toBe(0);
    });

    const withoutClipboard = async (more = '') => {
      const opened = await openKeys();
      const { page } = opened;
      await page.addInitScript(
        `Object.defineProperty(navigator, 'clipboard', { value: undefined });${more}`,
      );
      await page.reload();
      await button(page, 'New key').click();
      await button(page, 'Make the key').click();
      return { page, made: await madeKey(page) };
    };

    it('that is copied where the browser has no clipboard, as over plain HTTP', async () => {
      const { page, made } = await withoutClipboard(
        "addEventListener('copy', () => (window.copied = document.activeElement.value));",
      );
      await dialog(page).getByRole('button', { name: 'Copy: API key' }).click();
      const copied = dialog(page).getByRole('button', { name: 'Copied: API key' });
      await expectFocused(copied);
      expect(await page.evaluate('window.copied')).toBe(made);
      expect(await page.locator('textarea').count()).toBe(0);
    });

    it('that is selected, and says so, where it cannot be copied at all', async () => {
      const { page, made } = await withoutClipboard('document.execCommand = () => false;');
      await dialog(page).getByRole('button', { name: 'Copy: API key' }).click();
      await expectShown(page.getByRole('button', { name: 'Could not be copied' }));
      const selected = '[document.activeElement.value, String(getSelection())]';
      await expect.poll(() => page.evaluate(selected)).toEqual([made, made]);
    });

    it('that ends after a while, or at a date', async () => {
      const { page, gateway } = await openKeys();
      await button(page, 'New key').click();
      await page.getByLabel('Name').fill('month');
      await page.getByLabel('Expires').selectOption('in 30 days');
      await button(page, 'Make the key').click();
      await button(page, 'I have copied it').click();
      const away = (await listed(gateway, 'month')).expires_at - Date.now();
      expect(Math.abs(away - 30 * DAY_MS)).toBeLessThan(60_000);
      await button(page, 'New key').click();
      await page.getByLabel('Name').fill('dated');
      await page.getByLabel('Expires').selectOption('at a date of your choice');
      await page.getByLabel('Expires at').fill('2199-12-31T10:30');
      await button(page, 'Make the key').click();
      await button(page, 'I have copied it').click();
      expect((await listed(gateway, 'dated')).expires_at).toBe(
        await page.evaluate("new Date('2199-12-31T10:30').getTime()"),
      );
    });

    it('not without a scope, for no such tenant, or from a gateway that is away, and says so', async () => {
      const gateway = await startTestGateway();
      const { page } = await openKeys({ gateway });
      await button(page, 'New key').click();
      const submit = dialog(page).getByRole('checkbox', { name: /^submit/ });
      await submit.uncheck();
      await expectShown(dialog(page).getByText('Choose at least one scope.'));
      await expect.poll(() => button(page, 'Make the key').isDisabled()).toBe(true);
      await submit.check();
      await page.getByLabel('Tenant').fill('No Tenant');
      await button(page, 'Make the key').click();
      await expectShown(dialog(page).getByText('tenant: Must be 1 to 63 of a-z'));
      await page.getByLabel('Tenant').fill('acme');
      await gateway.close();
      await button(page, 'Make the key').click();
      await expectShown(dialog(page).getByText('The gateway does not answer'));
      await expect.poll(() => page.getByLabel('Tenant').inputValue()).toBe('acme');
    });

    it('that is not lost by closing the dialog before it is there', async () => {
      const { page } = await openKeys();
      await button(page, 'New key').click();
      await page.getByLabel('Name').fill('slow');
      const answer = await holdAnswer(page, 'keys.create');
      await button(page, 'Make the key').click();
      await answer.asked;
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await button(page, 'Cancel').click({ force: true });
      await expectShown(dialog(page).locator('button[aria-disabled]:focus'));
      await answer.give();
      expect(await madeKey(page)).toMatch(/^jg_/);
      await page.keyboard.press('Escape');
      await expectGone(dialog(page));
    });

    it('by keyboard alone, and gives the focus back', async () => {
      const { page, gateway } = await openKeys();
      const opener = button(page, 'New key');
      await opener.focus();
      await page.keyboard.press('Enter');
      await expectShown(page.getByLabel('Name'));
      await page.keyboard.press('Escape');
      await expectGone(dialog(page));
      await expect.poll(() => opener.evaluate((element) => element.matches(':focus'))).toBe(true);
      await page.keyboard.press('Enter');
      await dialog(page).getByRole('button', { name: 'Cancel' }).press('Enter');
      await expectGone(dialog(page));
      await expectFocused(opener);
      await page.keyboard.press('Enter');
      await expectShown(page.getByLabel('Name'));
      await page.keyboard.type('typed');
      await page.keyboard.press('Enter');
      await expectShown(page.getByText('it is shown this once'));
      await page.keyboard.press('Escape');
      await expectShown(row(page, 'typed'));
      await expect.poll(() => opener.evaluate((element) => element.matches(':focus'))).toBe(true);
      expect(await listed(gateway, 'typed')).toMatchObject({ scopes: ['submit'] });
    });
  });

  describe('rotates a key', () => {
    it('and lets the old one stay good for a day', async () => {
      const gateway = await useGateway();
      const old = await keyOf(gateway, { name: 'n8n', tenant: 'acme', scopes: ['work'] });
      const { page } = await openKeys({ gateway });
      await button(page, 'Rotate n8n').click();
      await expectShown(dialog(page).getByRole('heading', { name: 'Rotate n8n?' }));
      await dialog(page).getByRole('button', { name: 'Rotate' }).click();
      await expectShown(page.getByText('it is shown this once'));
      const made = await madeKey(page);
      expect(keyIdOf(made)).not.toBe(keyIdOf(old));
      expect([await opens(gateway, old), await opens(gateway, made)]).toEqual([200, 200]);
      await button(page, 'I have copied it').click();
      await expectShown(row(page, keyIdOf(made) ?? ''));
      const oldRow = row(page, keyIdOf(old) ?? '');
      await expectShown(oldRow.filter({ hasText: /in (23 hr|1 day)|tomorrow/ }));
    });

    it('and ends the old one at once', async () => {
      const gateway = await useGateway();
      const old = await keyOf(gateway, { name: 'n8n' });
      const { page } = await openKeys({ gateway });
      await button(page, 'Rotate n8n').click();
      await page.getByLabel('The old key stays good for').selectOption('no time: it ends at once');
      await dialog(page).getByRole('button', { name: 'Rotate' }).click();
      await button(page, 'I have copied it').click();
      await expectShown(row(page, keyIdOf(old) ?? '').filter({ hasText: 'Expired' }));
      expect(await opens(gateway, old)).toBe(401);
    });
  });

  describe('goes on with the new key when it rotates its own', () => {
    const endOwnAtOnce = async (page: Page) => {
      await page
        .getByRole('row', { name: 'yours' })
        .getByRole('button', { name: 'Rotate' })
        .click();
      await expectShown(dialog(page).getByText('this tab goes on with the new one'));
      await page.getByLabel('The old key stays good for').selectOption('no time: it ends at once');
      await dialog(page).getByRole('button', { name: 'Rotate' }).click();
    };

    it('shows it, and stays live', async () => {
      const gateway = await useGateway();
      const old = await createTestKey(gateway.services, 'admin');
      const { page } = await openKeys({ gateway, key: old });
      await expectShown(page.locator('.connection[data-state=live]'));
      const stream = page.waitForRequest('**/trpc/jobs.watch*');
      await endOwnAtOnce(page);
      const made = await madeKey(page);
      expect((await stream).headers()['x-api-key']).toBe(made);
      await expectShown(row(page, keyIdOf(old) ?? '').filter({ hasText: 'Expired' }));
      expect([await opens(gateway, old), await opens(gateway, made)]).toEqual([401, 200]);
      expect(await madeKey(page)).toBe(made);
      await button(page, 'I have copied it').click();
      await expectShown(row(page, keyIdOf(made) ?? '').getByText('yours'));
      await page.getByRole('link', { name: 'Jobs' }).click();
      const jobId = await submitJob(gateway);
      await expectShown(page.locator(`tbody a[href$="${jobId}"]`));
      await page.reload();
      await expectShown(page.locator(`tbody a[href$="${jobId}"]`));
    });

    it('also where the old one ends before the answer is there', async () => {
      const gateway = await useGateway();
      const old = await createTestKey(gateway.services, 'admin');
      const { page } = await openKeys({ gateway, key: old });
      await expectShown(page.locator('.connection[data-state=live]'));
      await page.route('**/trpc/keys.rotate*', async (route) => {
        const ended = endOfStream(page);
        const response = await route.fetch();
        await ended;
        await route.fulfill({ response });
      });
      await endOwnAtOnce(page);
      expect(await opens(gateway, await madeKey(page))).toBe(200);
      await expectShown(row(page, keyIdOf(old) ?? '').filter({ hasText: 'Expired' }));
    });
  });

  describe('revokes a key', () => {
    it('once it is confirmed', async () => {
      const gateway = await useGateway();
      const key = await keyOf(gateway, { name: 'n8n' });
      const { page } = await openKeys({ gateway });
      await button(page, 'Revoke n8n').click();
      await dialog(page).getByRole('button', { name: 'Close' }).click();
      expect(await opens(gateway, key)).toBe(200);
      await button(page, 'Revoke n8n').click();
      await expectShown(dialog(page).getByText('This cannot be undone.'));
      expect(await dialog(page).getByText('You are signed in').count()).toBe(0);
      await dialog(page).getByRole('button', { name: 'Revoke' }).click();
      await expectShown(row(page, 'n8n').filter({ hasText: 'Revoked' }));
      await expectFocused(page.getByRole('heading', { name: 'Keys' }));
      expect(await opens(gateway, key)).toBe(401);
    });

    it('one’s own too, after a warning, and signs out', async () => {
      const gateway = await useGateway();
      const key = await createTestKey(gateway.services, 'admin');
      const { page } = await openKeys({ gateway, key });
      const own = page.getByRole('row').filter({ hasText: 'yours' });
      await own.getByRole('button', { name: 'Rotate' }).click();
      await expectShown(dialog(page).getByText('You are signed in with this key'));
      await page.keyboard.press('Escape');
      await own.getByRole('button', { name: 'Revoke' }).click();
      await expectShown(dialog(page).getByText('revoking it signs you out'));
      await dialog(page).getByRole('button', { name: 'Revoke' }).click();
      await expectShown(page.getByText('Your key was revoked or has expired.'));
      expect(await opens(gateway, key)).toBe(401);
    });
  });

  it.each(['light', 'dark'] as const)('has nothing for axe to find, %s', async (theme) => {
    const { page, axe } = await openKeys({ theme });
    await expectShown(row(page, 'test work'));
    expect(await axe()).toEqual([]);
    await button(page, 'New key').click();
    await page.getByLabel('Expires').selectOption('at a date of your choice');
    expect(await axe()).toEqual([]);
    await page.getByLabel('Expires', { exact: true }).selectOption('never');
    await button(page, 'Make the key').click();
    await expectShown(page.getByText('it is shown this once'));
    expect(await axe()).toEqual([]);
  });
});
