// A headless Chromium with a profile of its own, gone after the test.
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

/** Debian's, the one without a window first: it takes 60 % of the other's time for the same tests. */
const CHROMIUM = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync);

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const hasChromium = CHROMIUM !== undefined;

/** The caller closes it. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM ?? '', args: QUIET });
}

/** An empty page. What it logs as an error, and every URL that it asks for, is kept. */
export async function openPage(): Promise<{ page: Page; faults: string[]; urls: string[] }> {
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
  const faults: string[] = [];
  const urls: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (said) => said.type() === 'error' && faults.push(said.text()));
  page.on('request', (request) => urls.push(request.url()));
  return { page, faults, urls };
}
