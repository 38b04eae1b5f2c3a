// The dashboard in tests: the built page in Chromium at a real gateway; what it does wrong is kept.
import axe, { type Result } from 'axe-core';
import type {
  Browser,
  BrowserContext,
  ConsoleMessage,
  Locator,
  Page,
  Route,
} from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest';
import type { Scope } from '../../src/contract/scope.ts';
import { hasChromium, launchChromium } from '../chromium.ts';
import type { TestGateway } from '../gateway.ts';
import { useGateway } from '../used-gateway.ts';

export interface DashboardOptions {
  /** Where it begins. Default: the overview. */
  path?: string;
  /** Signed in with it: the gateway's key of a scope, or a key's text; null to stay outside. */
  key?: Scope | (string & {}) | null;
  theme?: 'light' | 'dark';
  /** As the browser asks for it. */
  language?: string;
  viewport?: { width: number; height: number };
  /** The caller closes it. Default: one of its own, gone with the test. */
  gateway?: TestGateway;
}

export interface Dashboard {
  gateway: TestGateway;
  page: Page;
  /** The tabs of one profile share what a tab does not keep for itself. */
  context: BrowserContext;
  /** Its errors, breaches of its policy, dialogs, and requests to elsewhere. Held to be none after the test. */
  faults(): string[];
  /** Fills the sign-in and sends it off; the answer is up to the caller. */
  signIn(key: string): Promise<void>;
  /** What axe-core finds on the page as it is now, one line for each element. */
  axe(): Promise<string[]>;
}

/** Longest wait for what a page must show, milliseconds. */
const PATIENCE_MS = 12_000;

/** One for all tests of a `describeDashboard`; each has a profile of its own. */
let browser: Browser | undefined;

/** Tests that open the dashboard. Without Chromium they are left out, and say so. */
export function describeDashboard(name: string, tests: () => void): void {
  describe.skipIf(!hasChromium)(`${name} (left out without Chromium)`, () => {
    beforeAll(async () => {
      browser = await launchChromium();
    });
    afterAll(async () => {
      await browser?.close();
      browser = undefined;
    });
    tests();
  });
}

/** Opens it for one test. */
export async function openDashboard(options: DashboardOptions = {}): Promise<Dashboard> {
  if (!browser) throw new Error('openDashboard is for tests inside of describeDashboard');
  const { path = '/', key = 'admin', theme = 'light', language = 'en-US' } = options;
  const { viewport = { width: 1280, height: 800 } } = options;
  const gateway = options.gateway ?? (await useGateway());
  const context = await browser.newContext({ viewport, colorScheme: theme, locale: language });
  const faults = keepFaults(context, gateway.url);
  // Before the context is gone: a page that is closed has nothing more to say.
  onTestFinished(async () => {
    await context.close();
    expect(faults).toEqual([]);
  });
  context.setDefaultTimeout(PATIENCE_MS);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: gateway.url });
  await context.addInitScript(TELL_BREACHES);
  if (process.env['SLOWED']) await context.addInitScript(SLOW_DOWN);
  const page = await context.newPage();
  await page.goto(gateway.url + path);
  await expectShown(page.locator('h1'));
  const signIn = (text: string) => signInWith(page, text);
  if (key !== null) {
    await signIn(gateway.keys[key as Scope] ?? key);
    await page.locator('.sign-in').waitFor({ state: 'detached' });
  }
  return { gateway, page, context, faults: () => faults, signIn, axe: () => inspect(page) };
}

/** Waits until it is to be seen. */
export function expectShown(locator: Locator): Promise<void> {
  return locator.first().waitFor();
}

/** Waits until it has the focus. */
export function expectFocused(locator: Locator): Promise<void> {
  return expectShown(locator.and(locator.page().locator(':focus')));
}

/** Waits until there is none to be seen. */
export async function expectGone(locator: Locator): Promise<void> {
  await expect.poll(() => locator.filter({ visible: true }).count()).toBe(0);
}

/** How far the page can be scrolled to the side, pixels. */
export function sidewaysOf(page: Page): Promise<number> {
  return page.evaluate(
    'Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)',
  );
}

/** As a link of the page does. */
const VISIT = `(path) => {
  history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate'));
}`;

const DRAWN = `async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
}`;

/** Resolves once the page has taken in what was done to it, such as a scroll. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(`(${DRAWN})()`);
}

/** Goes to a path, whatever of it is still to come. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.evaluate(`(${VISIT})(${JSON.stringify(path)})`);
  await drawn(page);
}

/** Goes to a path, and waits until all of it is there. */
export async function go(page: Page, path: string): Promise<void> {
  await visit(page, path);
  await expectSettled(page);
}

/** Waits until the page is live, and nothing of it still on its way. */
export async function expectSettled(page: Page): Promise<void> {
  await expectShown(page.locator('.connection[data-state=live]'));
  await expectShown(page.locator('h1'));
  await expectGone(page.locator('[role=status]:is(.skeleton, .awaited)'));
}

export interface HeldAnswer {
  /** Resolves once the page asked. */
  asked: Promise<unknown>;
  /** Asks the gateway; resolves when the page has its answer. */
  give(): Promise<void>;
}

/** Holds the next call of a procedure back, before it reaches the gateway. */
export async function holdAnswer(page: Page, procedure: string): Promise<HeldAnswer> {
  const { promise: asked, resolve } = Promise.withResolvers<Route>();
  await page.route(`**/trpc/*${procedure}*`, resolve, { times: 1 });
  const give = async () => {
    const route = await asked;
    await route.continue();
    await (await route.request().response())?.finished();
  };
  return { asked, give };
}

async function signInWith(page: Page, key: string): Promise<void> {
  await page.locator('input[name=api-key]').fill(key);
  await page.locator('.sign-in button[type=submit]').click();
}

/** Runs in every page before its own scripts. */
const TELL_BREACHES = `addEventListener('securitypolicyviolation', (breach) => {
  const { violatedDirective, blockedURI, sample } = breach;
  console.error('policy breached: ' + [violatedDirective, blockedURI, sample].join(' '));
})`;

/**
 * For `SLOWED=1 npm run test:dashboard`: what the page does after it is drawn, and what it asks the
 * gateway, takes up to 300 ms longer. It finds what only works because nobody is that fast. The 35 ms
 * are those after which Preact no longer waits for a frame.
 */
const SLOW_DOWN = `{
  const { requestAnimationFrame, setTimeout, fetch } = window;
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  window.setTimeout = (call, ms, ...rest) => setTimeout(call, ms === 35 ? 200 : ms, ...rest);
  window.requestAnimationFrame = (draw) =>
    requestAnimationFrame(() => setTimeout(() => draw(performance.now()), 150));
  window.fetch = async (...request) => {
    await pause(Math.random() * 150);
    const answer = await fetch(...request);
    await pause(Math.random() * 150);
    return answer;
  };
}`;

function keepFaults(context: BrowserContext, url: string): string[] {
  const faults: string[] = [];
  context.on('weberror', (thrown) => faults.push(`error: ${thrown.error().message}`));
  context.on('console', (said) => {
    if (said.type() === 'error' && !isRefusal(said, url))
      faults.push(`console: ${said.text()} ${said.location().url}`);
  });
  context.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) faults.push(`asks elsewhere: ${request.url()}`);
  });
  context.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return faults;
}

/** Chromium logs calls that were refused, and a gateway that is away: how the page takes it, it shows. */
function isRefusal(said: ConsoleMessage, gatewayUrl: string): boolean {
  const { url } = said.location();
  const isCall = url.startsWith(`${gatewayUrl}/trpc/`);
  const isAway = url.startsWith(`${gatewayUrl}/`) && said.text().includes('net::ERR_');
  return said.text().startsWith('Failed to load resource') && (isCall || isAway);
}

/** Every rule that axe-core has, whatever standard it is from. */
const INSPECT = `axe.run(document, {
  resultTypes: ['violations'],
  rules: Object.fromEntries(axe.getRules().map(({ ruleId }) => [ruleId, { enabled: true }])),
})`;

/** By DevTools, which the page's policy does not bind. */
async function inspect(page: Page): Promise<string[]> {
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('Runtime.evaluate', { expression: `${axe.source};void 0` });
  const { result } = await devTools.send('Runtime.evaluate', {
    expression: `${INSPECT}.then(({ violations }) => violations)`,
    awaitPromise: true,
    returnByValue: true,
  });
  await devTools.detach();
  return (result.value as Result[]).flatMap(({ id, impact, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${impact} ${id}: ${html} ${failureSummary}`),
  );
}
