// A hundred texts that are scripts to a careless page, wherever a stranger's text is shown: none runs.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApiKey } from '../../src/auth/api-keys.ts';
import { post } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { WebhookReceiver } from '../webhook-receiver.ts';
import { describeDashboard, go, openDashboard, visit } from './dashboard-harness.ts';
import { XSS_PAYLOADS } from './xss-payloads.ts';

/** Looks like code, and is as far as an endpoint goes. */
const ENDPOINT = '/javascript:__xss@1/-alert';

/** So many jobs go on running. */
const RUNNING = 10;

let gateway: TestGateway;
let receiver: WebhookReceiver;
/** By the index of the text that each of them is full of. */
let jobs: string[];

beforeAll(async () => {
  receiver = await WebhookReceiver.start(({ path }) => ({
    status: 410,
    body: decodeURIComponent(path.split('?q=')[1] ?? ''),
  }));
  gateway = await startTestGateway({ webhookAllow: ['127.0.0.0/8'] });
  jobs = await submitAll();
  for (const index of XSS_PAYLOADS.keys()) await workOn(index);
  const { store, clock } = gateway.services;
  for (const name of XSS_PAYLOADS) {
    const wanted = { name, tenant: 'default', scopes: ['read' as const], expiresAt: null };
    await createApiKey(store, clock, wanted, 'cli');
  }
  await receiver.untilArrived(XSS_PAYLOADS.length - RUNNING);
}, 120_000);

afterAll(async () => {
  await gateway.close();
  await receiver.close();
});

async function submitAll(): Promise<string[]> {
  const ids: string[] = [];
  for (const text of XSS_PAYLOADS) {
    const body = {
      endpoint: ENDPOINT,
      id: text,
      payload: { [text]: text, list: [text] },
      webhook_url: `${receiver.url}?q=${encodeURIComponent(text)}`,
    };
    const request = { key: gateway.keys.submit, body, headers: headersOf(text) };
    const { status, json } = await gateway.request('POST', '/v1/toolkit/job/submit', request);
    expect(status).toBe(202);
    ids.push(json.job_id);
  }
  return ids;
}

/** Whatever a caller may say in its headers; not every text can stand in one. */
function headersOf(text: string): Record<string, string> {
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text)) return {};
  const names = ['referer', 'user-agent', 'x-forwarded-for', 'x-request-id'];
  return Object.fromEntries(names.map((name) => [name, text]));
}

/** A worker called like the text says it as its progress, and then as its result or as its failure. */
async function workOn(index: number): Promise<void> {
  const text = XSS_PAYLOADS[index] ?? '';
  const claim = { worker_id: text, endpoints: [ENDPOINT], lease_seconds: 3600 };
  const { json } = await post(gateway, 'work', 'worker/claim', claim);
  const [{ job_id, lease_token }] = json.jobs;
  const lease = { job_id, lease_token };
  expect(job_id).toBe(jobs[index]);
  await post(gateway, 'work', 'worker/progress', { ...lease, phase: text, message: text });
  const isLeft = index < RUNNING;
  const failed = { ...lease, message: text, retry: false };
  const done = { ...lease, result: { [text]: [text] } };
  if (isLeft) return;
  if (index % 2) await post(gateway, 'work', 'worker/fail', failed);
  else await post(gateway, 'work', 'worker/complete', done);
}

/** What the page itself has none of: elements and attributes that run, load or send something. */
const ALIEN = `[
  ...document.querySelectorAll(
    'script:not([src^="/assets/"]), style, iframe, object, embed, base, meta[http-equiv], math, xss, ' +
    'marquee, video, audio, form[action], [formaction], [srcdoc], [autoplay], svg :not(path)',
  ),
  ...[...document.querySelectorAll('*')].filter(({ attributes }) =>
    [...attributes].some(({ name, value }) => name.startsWith('on') ||
      (/^(xlink:)?href$|^src(set)?$|^(form)?action$|^data$|^poster$/.test(name) &&
        /^[\\0-\\x20]*(javascript|data|vbscript):/i.test(value)))),
].map(({ outerHTML }) => outerHTML)`;

/** As if it were typed into every field of the page; how many there are. */
const FILL_ALL = `(text) => {
  const fields = document.querySelectorAll('main :is(input:not([type=number], [type=checkbox]), textarea)');
  for (const field of fields) {
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }
  return fields.length;
}`;

async function expectInert(page: Page): Promise<void> {
  expect(await page.evaluate(ALIEN)).toEqual([]);
  expect(await page.evaluate('typeof __xss')).toBe('undefined');
}

/** Each of the texts, as it came. */
async function expectTexts(page: Page, texts: readonly string[]): Promise<void> {
  const missing = async () => {
    const shown = await page.evaluate<string>('document.body.textContent');
    return texts.filter((text) => !shown.includes(text));
  };
  await expect.poll(missing).toEqual([]);
}

describeDashboard('a hundred texts that are scripts elsewhere', () => {
  it('are a hundred, each another', () => {
    expect(new Set(XSS_PAYLOADS).size).toBe(100);
  });

  it('stay texts on the lists of jobs, keys and deeds, and on the overview', async () => {
    const { page } = await openDashboard({ gateway });
    await go(page, '/');
    await expectInert(page);
    await go(page, '/jobs');
    await showAll(page);
    await expectTexts(page, XSS_PAYLOADS);
    await expectInert(page);
    await go(page, '/keys');
    await expectTexts(page, XSS_PAYLOADS);
    await expectInert(page);
    await go(page, '/audit?action=keys.create');
    await showAll(page);
    await expectTexts(page, XSS_PAYLOADS);
    await expectInert(page);
  });

  it('stay texts on the page of each job', { timeout: 240_000 }, async () => {
    const { page } = await openDashboard({ gateway });
    for (const [index, text] of XSS_PAYLOADS.entries()) {
      await go(page, `/jobs/${jobs[index]}`);
      // As it was sent, and as JSON writes it.
      await expectTexts(page, [text, JSON.stringify(text).slice(1, -1)]);
      await expectInert(page);
    }
  });

  it('stay texts in every part of the URL', { timeout: 240_000 }, async () => {
    const { page } = await openDashboard({ gateway });
    for (const text of XSS_PAYLOADS.map(encodeURIComponent)) {
      const paths = [
        `/jobs/${text}`,
        `/jobs?id=${text}&search=${text}&endpoint=${text}&job_status=${text}&since=${text}`,
        `/audit?key=${text}&tenant=${text}&job=${text}&action=${text}&since=${text}`,
        `/${text}?${text}#${text}`,
      ];
      for (const path of paths) await visit(page, path);
      await expectInert(page);
    }
  });

  it('stay texts where they are typed: as a key, and into the form', async () => {
    const { page, signIn } = await openDashboard({ gateway, key: null });
    for (const text of XSS_PAYLOADS.slice(0, 10)) await signIn(text);
    await expectInert(page);
    await signIn(gateway.keys.submit);
    await go(page, '/try');
    for (const folded of await page.locator('main details').all()) {
      await folded.evaluate((details: any) => (details.open = true));
    }
    for (const text of XSS_PAYLOADS) {
      const filled = await page.evaluate<number>(`(${FILL_ALL})(${JSON.stringify(text)})`);
      expect(filled).toBeGreaterThan(5);
    }
    await page.keyboard.press('Enter');
    await expectInert(page);
  });
});

/** Until a list has no more to show. */
async function showAll(page: Page): Promise<void> {
  const more = page.getByRole('button', { name: /^(Show|Load) (older|more)/ });
  while ((await more.count()) > 0) {
    const rows = page.locator('tbody tr');
    const before = await rows.count();
    await more.first().click();
    await expect.poll(() => rows.count()).toBeGreaterThan(before);
  }
}
