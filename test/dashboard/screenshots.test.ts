// The pictures of the README and the docs: what the page looks like, drawn anew by npm run screenshots.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../cli/child.ts';
import { startBusyGateway, type BusyGateway } from './busy-gateway.ts';
import { describeDashboard, expectShown, go, openDashboard } from './dashboard-harness.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images', import.meta.url));

/** Set by `npm run screenshots`; otherwise they are drawn into a folder that is gone after the test. */
const isToBeKept = process.env['SCREENSHOTS'] === 'keep';

const SIZE = { width: 1280, height: 800 };

const THEMES = ['light', 'dark'] as const;

const NAMES = ['overview', 'jobs', 'job', 'try'] as const;

type Name = (typeof NAMES)[number];

/** Goes to the page, and to the state of it that says most. */
const SCENES: Record<Name, (page: Page, busy: BusyGateway) => Promise<void>> = {
  overview: async (page) => {
    await go(page, '/');
    await expectShown(page.locator('canvas'));
  },
  jobs: (page) => go(page, '/jobs'),
  job: (page, { jobs }) => go(page, `/jobs/${jobs.running}`),
  try: async (page) => {
    await go(page, '/try');
    await page.getByLabel('Endpoint').fill('/v1/media/transcribe');
    const payload = { media_url: 'https://media.example/talks/2042.mp4', language: 'en' };
    await page.getByLabel('Payload').fill(JSON.stringify(payload, null, 2));
    await page.locator('form button[type=submit]').click();
    await expectShown(page.getByText('202'));
  },
};

describeDashboard('the pictures', () => {
  let busy: BusyGateway;

  beforeAll(async () => {
    busy = await startBusyGateway();
  }, 120_000);

  afterAll(() => busy.close());

  describe.each(THEMES)('%s', (theme) => {
    it.each(NAMES)('of the page %s', async (name) => {
      const folder = isToBeKept ? IMAGES : temporaryFolder();
      mkdirSync(folder, { recursive: true });
      const { page } = await openDashboard({ gateway: busy, theme, viewport: SIZE });
      await SCENES[name](page, busy);
      const path = join(folder, `${name}-${theme}.png`);
      await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
      expect(sizeOf(path)).toEqual(SIZE);
    });
  });
});

describe('the pictures in docs/images', () => {
  const shown = ['README.md', 'docs/dashboard.md'].map((file) =>
    readFileSync(join(IMAGES, '../..', file), 'utf8'),
  );

  it.each(NAMES)('of the page %s are there in both themes, and shown', (name) => {
    for (const theme of THEMES) {
      expect(sizeOf(join(IMAGES, `${name}-${theme}.png`))).toEqual(SIZE);
      for (const text of shown) expect(text).toContain(`images/${name}-${theme}.png`);
    }
  });
});

/** From the head of the PNG: https://www.w3.org/TR/png-3/#11IHDR. */
function sizeOf(path: string): typeof SIZE {
  const file = readFileSync(path);
  expect(file.toString('latin1', 1, 4)).toBe('PNG');
  return { width: file.readUInt32BE(16), height: file.readUInt32BE(20) };
}
