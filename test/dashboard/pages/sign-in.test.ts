// The sign-in: which keys open the page, what the others are told, and where a key is kept.
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { createApiKey } from '../../../src/auth/api-keys.ts';
import { keyIdOf } from '../../../src/auth/key-format.ts';
import { post } from '../../clients.ts';
import { FakeClock } from '../../fake-clock.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../../gateway.ts';
import { useGateway } from '../../used-gateway.ts';
import {
  describeDashboard,
  expectFocused,
  expectShown,
  holdAnswer,
  openDashboard,
  type HeldAnswer,
} from '../dashboard-harness.ts';

const NOT_TAKEN = 'This key is not known, was revoked, or has expired.';
const ENDED = 'Your key was revoked or has expired.';

const form = (page: Page) => page.locator('.sign-in');
const told = (page: Page, text: string) => page.getByRole('alert').filter({ hasText: text });
const expectLive = (page: Page) => expectShown(page.locator('.connection[data-state=live]'));
const entries = (page: Page) => page.getByRole('navigation').getByRole('link').allInnerTexts();
const kept = (page: Page) => page.evaluate('JSON.stringify({ ...sessionStorage })');

async function revoke(gateway: TestGateway, key: string): Promise<void> {
  const { status } = await post(gateway, 'admin', 'keys/revoke', { key_id: keyIdOf(key) });
  expect(status).toBe(200);
}

/** A key that ends by itself. */
async function keyUntil({ services }: TestGateway, expiresAt: number): Promise<string> {
  const wanted = { name: 'short', tenant: 'default', scopes: ['read' as const], expiresAt };
  return (await createApiKey(services.store, services.clock, wanted)).apiKey;
}

/** By the form; its answer is held back. */
async function submitUnanswered(page: Page): Promise<HeldAnswer> {
  const answer = await holdAnswer(page, 'job.submit');
  await page.locator('[name=endpoint]').fill('/v1/media/cut');
  await page.getByRole('button', { name: 'Submit the job' }).click();
  await answer.asked;
  return answer;
}

describeDashboard('the sign-in', () => {
  describe('takes', () => {
    it('a good key, with spaces around it too, and shows the page of the URL', async () => {
      const { page, gateway, signIn } = await openDashboard({ key: null, path: '/jobs' });
      await signIn(`  ${gateway.keys.read} `);
      await expectShown(page.getByRole('heading', { level: 1, name: 'Jobs' }));
      await expect.poll(() => form(page).count()).toBe(0);
      await expectLive(page);
    });

    it('a good key after any number of wrong ones, which are told to wait', async () => {
      const gateway = await useGateway({ wrongKeyLimit: '3/m' });
      const { page, signIn } = await openDashboard({ key: null, gateway });
      for (let tries = 0; tries < 3; tries += 1) {
        await signIn(`wrong-${tries}`);
        await expectShown(told(page, NOT_TAKEN));
      }
      await signIn('wrong');
      await expectShown(told(page, 'Too many wrong keys from this address.'));
      await signIn(gateway.keys.read);
      await expectLive(page);
    });
  });

  describe('refuses, and says so,', () => {
    it.each(['jg_000000000000_no', 'clé', 'a b', '日本'])('the wrong key %s', async (wrong) => {
      const { page, signIn } = await openDashboard({ key: null });
      await signIn(wrong);
      await expectShown(told(page, NOT_TAKEN));
      await expect.poll(() => page.getByLabel('API key').getAttribute('aria-invalid')).toBe('true');
      await expect.poll(() => kept(page)).toBe('{}');
    });

    it('and leaves the focus where it was', async () => {
      const { page } = await openDashboard({ key: null });
      await page.getByLabel('API key').fill('wrong');
      const button = page.getByRole('button', { name: 'Sign in' });
      await button.focus();
      await page.keyboard.press('Enter');
      await expectShown(told(page, NOT_TAKEN));
      await expectFocused(button);
    });

    it('a key that was revoked, and one that has expired', async () => {
      const { page, gateway, signIn } = await openDashboard({ key: null });
      const revoked = await createTestKey(gateway.services, 'admin');
      await revoke(gateway, revoked);
      await signIn(revoked);
      await expectShown(told(page, NOT_TAKEN));
      await signIn(gateway.keys.read);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await signIn(await keyUntil(gateway, Date.now() - 1));
      await expectShown(told(page, NOT_TAKEN));
    });

    it('any key while the gateway is away', async () => {
      const gateway = await startTestGateway();
      const { page, signIn } = await openDashboard({ key: null, gateway });
      await gateway.close();
      await signIn(gateway.keys.admin);
      await expectShown(told(page, 'The gateway does not answer.'));
    });

    it('in Spanish to whom the browser says so', async () => {
      const { page, signIn } = await openDashboard({ key: null, language: 'es-MX' });
      await signIn('falsa');
      await expectShown(told(page, 'Esta clave no existe, fue revocada o ha caducado.'));
      await expect.poll(() => page.evaluate('document.documentElement.lang')).toBe('es');
    });
  });

  describe('comes back, and says why,', () => {
    it('within a second after the key was revoked', async () => {
      const gateway = await useGateway();
      const key = await createTestKey(gateway.services, 'admin');
      const { page } = await openDashboard({ gateway, key });
      await expectLive(page);
      const revokedAt = performance.now();
      await revoke(gateway, key);
      await expectShown(told(page, ENDED));
      expect(performance.now() - revokedAt).toBeLessThan(1000);
      await expect.poll(() => kept(page)).toBe('{}');
    });

    it('when the key has expired', async () => {
      const clock = new FakeClock();
      const gateway = await useGateway({ clock });
      const key = await keyUntil(gateway, clock.now() + 60_000);
      const { page } = await openDashboard({ gateway, key });
      await expectLive(page);
      clock.advance(60_000);
      await expectShown(told(page, ENDED));
    });

    it('after a reload with a key that was revoked meanwhile', async () => {
      const gateway = await useGateway();
      const key = await createTestKey(gateway.services, 'work');
      const { page } = await openDashboard({ gateway, key });
      await revoke(gateway, key);
      await page.reload();
      await expectShown(told(page, ENDED));
    });
  });

  describe('the key', () => {
    it('stays with the tab over a reload, and is not in another tab', async () => {
      const { page, context } = await openDashboard({ path: '/jobs' });
      await page.reload();
      await expectShown(page.getByRole('heading', { level: 1, name: 'Jobs' }));
      const other = await context.newPage();
      await other.goto(page.url());
      await expectShown(form(other));
    });

    it('is good while the tab is open where the browser keeps nothing', async () => {
      const { page, gateway, signIn } = await openDashboard({ key: null });
      await page.addInitScript(`for (const name of ['sessionStorage', 'localStorage'])
        Object.defineProperty(window, name, { get() { throw new DOMException('', 'SecurityError'); } });`);
      await page.reload();
      await expectShown(form(page));
      await signIn(gateway.keys.admin);
      await expectLive(page);
      await page.getByLabel('Language').selectOption('Español');
      await expectShown(page.getByRole('link', { name: 'Trabajos' }));
      await page.getByRole('button', { name: 'Salir' }).click();
      await expectShown(form(page));
    });

    it('is forgotten by signing out: nothing is kept, and Back shows nothing', async () => {
      const { page } = await openDashboard();
      await page.getByRole('link', { name: 'Keys' }).click();
      await expectShown(page.getByRole('heading', { level: 1, name: 'Keys' }));
      await page.getByRole('button', { name: 'Sign out' }).click();
      await expectShown(form(page));
      await expect.poll(() => kept(page)).toBe('{}');
      await page.goBack();
      await expect.poll(() => new URL(page.url()).pathname).toBe('/');
      await expect.poll(() => page.locator('.shell').count()).toBe(0);
      await page.reload();
      await expectShown(form(page));
    });

    it('is in a header only: in no URL, no lasting storage and no document', async () => {
      const { page, context, gateway, signIn } = await openDashboard({ key: null });
      const requests: { url: string; key: string | undefined }[] = [];
      context.on('request', (request) => {
        requests.push({ url: request.url(), key: request.headers()['x-api-key'] });
      });
      const secret = gateway.keys.admin;
      await signIn(secret);
      await expectLive(page);
      for (const name of ['Jobs', 'Try it', 'Keys', 'Audit', 'Overview']) {
        await page.getByRole('navigation').getByRole('link', { name }).click();
        await expectShown(page.getByRole('heading', { level: 1, name }));
        expect(await page.content()).not.toContain(secret);
      }
      const calls = requests.filter(({ url }) => url.includes('/trpc/'));
      expect(calls.length).toBeGreaterThan(2);
      expect(calls.filter(({ key }) => key !== secret)).toEqual([]);
      expect(requests.filter(({ url }) => url.includes(secret))).toEqual([]);
      const lasting = await page.evaluate(
        'JSON.stringify([{ ...localStorage }, document.cookie, history.state])',
      );
      expect(lasting).not.toContain(secret);
    });
  });

  describe('is not told to the next key what the one before asked for:', () => {
    it('the job that it submitted', async () => {
      const { page, gateway, signIn } = await openDashboard({ path: '/try' });
      const answer = await submitUnanswered(page);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await signIn(gateway.keys.submit);
      await expectShown(page.locator('.job-form'));
      await answer.give();
      await page.getByRole('link', { name: 'Jobs' }).click();
      await expectShown(page.locator('tbody').getByText('/v1/media/cut'));
      await page.getByRole('link', { name: 'Try it' }).click();
      await expectShown(page.locator('.job-form'));
      await expect.poll(() => page.locator('.followed').count()).toBe(0);
    });

    it('that it was refused', async () => {
      const gateway = await useGateway();
      const key = await createTestKey(gateway.services, 'submit');
      const { page, signIn } = await openDashboard({ gateway, key, path: '/try' });
      const answer = await submitUnanswered(page);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await signIn(gateway.keys.submit);
      await expectShown(page.locator('.job-form'));
      await revoke(gateway, key);
      await answer.give();
      await page.getByRole('link', { name: 'Jobs' }).click();
      await expectShown(page.getByText('There are no jobs yet'));
      await expect.poll(() => form(page).count()).toBe(0);
    });
  });

  describe('offers what the scopes allow', () => {
    it('read: to look', async () => {
      const { page } = await openDashboard({ key: 'read' });
      await expect.poll(() => entries(page)).toEqual(['Overview', 'Jobs']);
    });

    it('submit: to submit as well', async () => {
      const { page } = await openDashboard({ key: 'submit' });
      await expect.poll(() => entries(page)).toEqual(['Overview', 'Jobs', 'Try it']);
    });

    it('admin: everything', async () => {
      const { page } = await openDashboard();
      await expect
        .poll(() => entries(page))
        .toEqual(['Overview', 'Jobs', 'Try it', 'Keys', 'Audit']);
    });

    it.each(['/try', '/keys', '/audit'])('read: of %s that it takes another key', async (path) => {
      const { page } = await openDashboard({ key: 'read', path });
      await expectShown(page.getByRole('heading', { name: 'Your key may not open this page' }));
      await expectShown(page.getByText(/It takes a key with the scope (submit|admin)/));
    });

    it('work: that it is for workers, and to sign in with another', async () => {
      const { page } = await openDashboard({ key: 'work' });
      await expectShown(page.getByRole('heading', { name: 'This key is for workers' }));
      expect(await page.getByRole('alert').count()).toBe(0);
      await page.getByRole('button', { name: 'Sign in with another key' }).click();
      await expectShown(form(page));
      await expect.poll(() => kept(page)).toBe('{}');
    });
  });
});
