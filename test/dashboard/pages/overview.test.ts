// The overview: counts, charts, workers and webhooks as they change, and an empty gateway's first steps.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Locator, Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { startJobgate, temporaryFolder } from '../../cli/child.ts';
import {
  claimJob,
  ENDPOINT,
  finishJob,
  post,
  startJob,
  submitJob,
  type Lease,
} from '../../clients.ts';
import type { TestGateway } from '../../gateway.ts';
import { useGateway, work } from '../../used-gateway.ts';
import { WebhookReceiver } from '../../webhook-receiver.ts';
import { describeDashboard, drawn, openDashboard, sidewaysOf } from '../dashboard-harness.ts';
import { useRestartingGateway } from '../restarting-gateway.ts';

const tile = (page: Page, state: string) =>
  page.locator('.state-tile', { hasText: state }).locator('.state-tile-count');

const fact = (page: Page, name: string) =>
  page.locator('.queue-fact', { hasText: name }).locator('dd');

const section = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

/** `text`: the whole of it, or a matcher. */
async function expectText(locator: Locator, text: unknown): Promise<void> {
  await expect.poll(() => locator.innerText()).toEqual(text);
}

const expectShown = (locator: Locator) => locator.waitFor();

async function fail(gateway: TestGateway): Promise<void> {
  const lease = await startJob(gateway);
  const report = { ...lease, message: 'no sound', retry: false };
  expect((await post(gateway, 'work', 'worker/fail', report)).status).toBe(200);
}

/** A gateway on which something of everything has happened. */
async function useBusyGateway(): Promise<TestGateway> {
  const gateway = await useGateway({ maxQueueLength: 10 });
  await finishJob(gateway);
  await fail(gateway);
  const lease = await startJob(gateway);
  await post(gateway, 'work', 'worker/progress', { ...lease, percent: 40, phase: 'decoding' });
  await submitJob(gateway);
  await submitJob(gateway, { delay_seconds: 3600 });
  return gateway;
}

/** Looks with every frame: a locator that waits looks only every half second in the end. */
const UNTIL_DONE = `(count) => new Promise((resolve) => {
  const look = () => {
    const tile = document.querySelector('.state-tile[href$=done] .state-tile-count');
    if (tile?.textContent === count) resolve();
    else requestAnimationFrame(look);
  };
  look();
})`;

/** Milliseconds from the end of a job until the page counts it, as the `count`th that is done. */
async function timeOfEnd(
  gateway: TestGateway,
  page: Page,
  lease: Lease,
  count: number,
): Promise<number> {
  const counted = page.evaluate(`(${UNTIL_DONE})('${count}')`);
  const began = performance.now();
  const { status } = await post(gateway, 'work', 'worker/complete', { ...lease, result: 1 });
  expect(status).toBe(200);
  await counted;
  return performance.now() - began;
}

/** The green that is drawn on a canvas: how much of it, and how bright it is. Runs in the page. */
function findGreen(canvas: any): { count: number; brightness: number } {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue, opacity] = data.slice(at, at + 4);
    if (opacity < 255 || green < red + 20 || green < blue + 15) continue;
    count += 1;
    sum += red + green + blue;
  }
  return { count, brightness: sum / count };
}

describeDashboard('the overview', () => {
  it('leads an empty gateway from its first steps to its first job, by what it says', async () => {
    const { gateway, page } = await openDashboard();
    await page.getByRole('heading', { name: 'No jobs yet' }).waitFor();
    const [submit = '', handlers = '', start = ''] = await page.locator('pre').allInnerTexts();
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'handlers.ts'), handlers);
    const [program, ...args] = start
      .replace('./handlers.ts', join(folder, 'handlers.ts'))
      .split(/[\s\\]+/);
    expect(program).toBe('jobgate');
    startJobgate(args, { JOBGATE_API_KEY: gateway.keys.work });
    await page.getByText('There is a worker already').waitFor();
    await run(submit, gateway.keys.submit);
    await expectText(tile(page, 'Done'), '1');
    expect(await page.getByRole('heading', { name: 'No jobs yet' }).count()).toBe(0);
  });

  it('counts by state, live, each a link to those jobs', async () => {
    const gateway = await useBusyGateway();
    const { page } = await openDashboard({ gateway });
    for (const [state, count] of Object.entries({ Queued: 2, Running: 1, Done: 1, Failed: 1 }))
      await expectText(tile(page, state), String(count));
    await post(gateway, 'work', 'worker/complete', { ...(await claimJob(gateway)), result: 1 });
    await expectText(tile(page, 'Done'), '2');
    await page.locator('.state-tile', { hasText: 'Failed' }).click();
    await expect.poll(() => page.url()).toBe(`${gateway.url}/jobs?job_status=failed`);
  });

  it('shows the end of a job within a second', async () => {
    const gateway = await useGateway();
    const leases = [await startJob(gateway), await startJob(gateway), await startJob(gateway)];
    const { page } = await openDashboard({ gateway });
    await expectText(tile(page, 'Running'), '3');
    for (const [index, lease] of leases.entries()) {
      expect(await timeOfEnd(gateway, page, lease, index + 1)).toBeLessThan(1000);
    }
  });

  it('does so too after the gateway was restarted under it', async () => {
    const restarting = await useRestartingGateway();
    const leases = [await startJob(restarting.gateway), await startJob(restarting.gateway)];
    const { page } = await openDashboard({ gateway: restarting.gateway });
    await expectText(tile(page, 'Running'), '2');
    await restarting.stop();
    await expectShown(page.getByText('Offline'));
    await restarting.start();
    await expectShown(page.getByText('Live', { exact: true }));
    for (const [index, lease] of leases.entries()) {
      expect(await timeOfEnd(restarting.gateway, page, lease, index + 1)).toBeLessThan(1000);
    }
  });

  it('tells what waits, for how long, and what the queue may hold; time alone changes it', async () => {
    const gateway = await useGateway({ maxQueueLength: 4 });
    await submitJob(gateway, { delay_seconds: 3600 });
    const { page } = await openDashboard({ gateway });
    await expectText(fact(page, 'Waiting for their time'), '1');
    await expect.poll(() => fact(page, 'Ready to be claimed').innerText()).toBe('0');
    await expectText(
      fact(page, 'Limit of the queue'),
      expect.stringMatching(/^4\s+for all tenants together; yours has 1 queued$/),
    );
    await submitJob(gateway, { delay_seconds: 3 });
    // No event tells that the time has come.
    await expectText(fact(page, 'Ready to be claimed'), '1');
    await expectText(fact(page, 'Oldest job'), expect.stringMatching(/\d s$/));
    const before = await fact(page, 'Oldest job').innerText();
    await expect.poll(() => fact(page, 'Oldest job').innerText()).not.toBe(before);
    await expect.poll(() => page.locator('.queue-limit[data-level=high]').count()).toBe(0);
    await submitJob(gateway);
    await submitJob(gateway);
    await page
      .locator('.queue-limit[data-level=high]', { hasText: 'yours has 4 queued' })
      .waitFor();
  });

  it('draws the last hour in the colours of the theme, as wide as the page', async () => {
    const gateway = await useBusyGateway();
    const { page } = await openDashboard({ gateway });
    const canvas = page.locator('.chart-frame canvas');
    await expect.poll(() => canvas.count()).toBe(2);
    const green = () => canvas.first().evaluate(findGreen);
    await expect.poll(async () => (await green()).count).toBeGreaterThan(10);
    const light = (await green()).brightness;
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(async () => (await green()).brightness).not.toBe(light);
    expect((await green()).count).toBeGreaterThan(10);
    const width = async () => (await canvas.first().boundingBox())!.width;
    const wide = await width();
    await page.setViewportSize({ width: 360, height: 740 });
    await expect.poll(width).toBeLessThan(wide / 1.5);
  });

  it('says in words what the charts draw, and for the minute that is pointed at', async () => {
    const gateway = await useBusyGateway();
    const { page } = await openDashboard({ gateway });
    await page
      .getByRole('img', { name: 'Submitted: 5, Done: 1, Failed: 1, Cancelled: 0' })
      .waitFor();
    await page.getByRole('img', { name: /Half of them took at most \d+ ms/ }).waitFor();
    const rows = page.getByRole('table', { name: 'Throughput per minute' }).locator('tbody tr');
    const counts = (await rows.allInnerTexts()).map((text) =>
      text.split('\t').slice(1).map(Number),
    );
    expect(counts.map(([submitted]) => submitted).reduce((sum = 0, n = 0) => sum + n)).toBe(5);
    const chart = page.locator('.chart').first();
    const over = (await chart.locator('.u-over').boundingBox())!;
    await page.mouse.move(over.x + 20, over.y + 40);
    await expectText(chart.locator('figcaption'), expect.stringMatching(/\d:\d\d/));
    await expectText(chart.locator('.chart-measure').first(), expect.stringMatching(/0/));
    await page.mouse.move(0, 0);
    await expectText(chart.locator('figcaption'), expect.stringMatching(/last hour/));
  });

  it('lists the endpoints by name, of many the busiest', async () => {
    const gateway = await useGateway();
    const endpoints = Array.from({ length: 14 }, (_, index) => `/v1/kind-${index + 10}`);
    for (const endpoint of endpoints) await submitJob(gateway, { endpoint });
    await submitJob(gateway, { endpoint: '/v1/kind-23' });
    const { page } = await openDashboard({ gateway });
    const rows = section(page, 'Endpoints').locator('tbody tr');
    await expect.poll(() => rows.count()).toBe(12);
    await expectText(rows.first(), expect.stringMatching(/kind-10/));
    await expectText(rows.last(), expect.stringMatching(/kind-23\s+2/));
    await page.getByRole('button', { name: 'Show 2 more' }).click();
    await expect.poll(() => rows.count()).toBe(14);
    await rows.last().getByRole('link', { name: '2 Queued, /v1/kind-23' }).click();
    await expect
      .poll(() => page.url())
      .toBe(`${gateway.url}/jobs?endpoint=%2Fv1%2Fkind-23&job_status=queued`);
  });

  it('shows a worker, what it does, how far it is, and that it waits again', async () => {
    const gateway = await useGateway();
    const jobId = await submitJob(gateway);
    const { page } = await openDashboard({ gateway });
    const workers = section(page, 'Workers');
    await workers.getByText('--handlers ./handlers.ts').waitFor();
    let finish: () => void = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    onTestFinished(() => finish());
    work(gateway, {
      [ENDPOINT]: async (_, { progress }) => {
        progress({ percent: 42, phase: 'decoding' });
        await finished;
      },
    });
    await workers.getByText(`pid ${process.pid}`).waitFor();
    await workers.getByText('42 % decoding').waitFor();
    await expectText(workers.locator('.worker-endpoints'), ENDPOINT);
    finish();
    await workers.getByText('Waiting for work').waitFor();
    const next = await submitJob(gateway);
    await expectText(tile(page, 'Done'), '2');
    expect([jobId, next]).toHaveLength(2);
  });

  it('leads from a running job to its page', async () => {
    const gateway = await useGateway();
    const { job_id: jobId } = await startJob(gateway);
    const { page } = await openDashboard({ gateway });
    await section(page, 'Workers').locator(`[title="${jobId}"] a`).click();
    await expect.poll(() => page.url()).toBe(`${gateway.url}/jobs/${jobId}`);
  });

  it('lists webhooks that failed, and sends them again', async () => {
    const receiver = await WebhookReceiver.start(() => ({ status: 410 }));
    onTestFinished(() => receiver.close());
    const gateway = await useGateway({ webhookAllow: ['127.0.0.0/8'] });
    await submitJob(gateway, { webhook_url: receiver.url });
    const lease = await claimJob(gateway);
    const { page } = await openDashboard({ gateway });
    const webhooks = section(page, 'Failed webhooks');
    await webhooks.getByText('None: all have arrived').waitFor();
    await post(gateway, 'work', 'worker/complete', { ...lease, result: 'ok' });
    await webhooks.getByText('The receiver is gone (410): answered 410').waitFor();
    await webhooks.getByText(receiver.url).waitFor();
    expect(await webhooks.getByText('The latest of').count()).toBe(0);
    receiver.reply = () => ({ status: 204 });
    await webhooks.getByRole('button', { name: `Send again: ${lease.job_id}` }).click();
    await receiver.untilArrived(2);
    await webhooks.getByText('None: all have arrived').waitFor();
    const told = webhooks.getByRole('status');
    await expectText(told, expect.stringMatching(/It is being sent again/));
    await expectShown(told.and(page.locator(':focus')));
  });

  it('offers a key that may only read nothing else', async () => {
    const receiver = await WebhookReceiver.start(() => ({ status: 410 }));
    onTestFinished(() => receiver.close());
    const gateway = await useGateway({ webhookAllow: ['127.0.0.0/8'] });
    await submitJob(gateway, { webhook_url: receiver.url });
    const lease = await claimJob(gateway);
    await post(gateway, 'work', 'worker/complete', { ...lease, result: 'ok' });
    const { page } = await openDashboard({ gateway, key: 'read' });
    await section(page, 'Failed webhooks').getByText('answered 410').waitFor();
    expect(await page.getByRole('button', { name: /Send again/ }).count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Submit a job' }).count()).toBe(0);
  });

  it('fits a phone, where axe finds nothing either', async () => {
    const viewport = { width: 360, height: 740 };
    const { page, axe } = await openDashboard({ gateway: await useBusyGateway(), viewport });
    await page.locator('.chart-frame canvas').nth(1).waitFor();
    expect(await axe()).toEqual([]);
    expect(await sidewaysOf(page)).toBe(0);
    const empty = await openDashboard({ viewport });
    await empty.page.getByRole('heading', { name: 'No jobs yet' }).waitFor();
    expect(await sidewaysOf(empty.page)).toBe(0);
  });

  it('does not jump while jobs come and go', async () => {
    const gateway = await useBusyGateway();
    const { page } = await openDashboard({ gateway });
    await page.locator('.chart-frame canvas').nth(1).waitFor();
    await page.evaluate(`
      globalThis.shifts = [];
      new PerformanceObserver((list) => shifts.push(...list.getEntries()))
        .observe({ type: 'layout-shift' });
    `);
    await submitJob(gateway);
    await expectText(tile(page, 'Queued'), '3');
    await post(gateway, 'work', 'worker/complete', { ...(await claimJob(gateway)), result: 1 });
    await expectText(tile(page, 'Done'), '2');
    // A figure more beside a name is none.
    const shifted = 'shifts.reduce((sum, { value }) => sum + value, 0)';
    // It is told of in a task of its own.
    await drawn(page);
    expect(await page.evaluate(shifted)).toBeLessThan(0.001);
  });

  it('is used by keyboard alone', async () => {
    const gateway = await useBusyGateway();
    const { page } = await openDashboard({ gateway });
    await tile(page, 'Queued').waitFor();
    await tabTo(page, 'a.state-tile[href$=running]');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toBe(`${gateway.url}/jobs?job_status=running`);
  });

  it('speaks Spanish', async () => {
    const gateway = await useBusyGateway();
    const { page } = await openDashboard({ gateway, language: 'es-ES' });
    await page.getByRole('heading', { name: 'Trabajos por minuto' }).waitFor();
    await expectText(
      fact(page, 'Límite de la cola'),
      expect.stringMatching(/^10\s+para todos.*; el suyo tiene 2 en cola$/),
    );
    await page.getByRole('img', { name: 'Enviados: 5, Hecho: 1' }).waitFor();
  });
});

/** A command as it is shown, in a shell. */
async function run(command: string, apiKey: string): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '', JOBGATE_API_KEY: apiKey };
  const { stdout } = await promisify(execFile)('sh', ['-c', command], { env });
  return stdout;
}

async function tabTo(page: Page, selector: string): Promise<void> {
  const there = page.locator(`${selector}:focus`);
  for (let presses = 0; presses < 50; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await there.count()) > 0) return;
  }
  throw new Error(`${selector} is not reached with Tab`);
}
