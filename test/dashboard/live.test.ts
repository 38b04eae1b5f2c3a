// The page's one subscription: over breaks, refusals and proxies, in a storm, and beside slow answers.
import { expect, it } from 'vitest';
import { keyIdOf } from '../../src/auth/key-format.ts';
import { startProxy, type Proxy } from '../client/proxy.ts';
import { claimJob, ENDPOINT, post, submitJob } from '../clients.ts';
import { createTestKey, type TestGateway } from '../gateway.ts';
import { useGateway } from '../used-gateway.ts';
import { describeDashboard, expectShown, openDashboard } from './dashboard-harness.ts';
import { longestTask } from './longest-task.ts';

const BAD_GATEWAY =
  'HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h1>502</h1>';

async function useProxy(): Promise<{ gateway: TestGateway; proxied: TestGateway; proxy: Proxy }> {
  const gateway = await useGateway();
  const proxy = await startProxy(gateway.url);
  return { gateway, proxy, proxied: { ...gateway, url: proxy.url } };
}

/** Keeps the texts of the alerts that come. Runs in the page. */
const WATCH_ALERTS = `
  globalThis.alerts = [];
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node.role === 'alert') alerts.push(node.textContent);
  }).observe(document.body, { childList: true, subtree: true });
`;

describeDashboard('the live page', () => {
  it('comes back after a proxy answered for the gateway', async () => {
    const { gateway, proxied, proxy } = await useProxy();
    const jobId = await submitJob(gateway);
    const { page } = await openDashboard({ gateway: proxied, path: '/jobs' });
    await expectShown(page.locator('tbody').getByText('Queued'));
    await expectShown(page.getByText('Live', { exact: true }));
    proxy.answerWith(/^GET \/trpc\/jobs\.watch/, BAD_GATEWAY);
    proxy.drop();
    await expectShown(page.getByText('Offline'));
    const asked = proxy.requests.length;
    await expect.poll(() => proxy.requests.length).toBeGreaterThan(asked + 2);
    proxy.answerWith(/^never/, '');
    await expectShown(page.getByText('Live', { exact: true }));
    await post(gateway, 'submit', 'job/cancel', { job_id: jobId });
    const cancelled = performance.now();
    await expectShown(page.locator('tbody').getByText('Cancelled'));
    expect(performance.now() - cancelled).toBeLessThan(1000);
  });

  it('raises no alarm over a stream that is back at once', async () => {
    const { proxied, proxy } = await useProxy();
    const { page } = await openDashboard({ gateway: proxied });
    await expectShown(page.getByText('Live', { exact: true }));
    await page.evaluate(WATCH_ALERTS);
    proxy.drop();
    await expectShown(page.getByText('Connecting', { exact: true }));
    await expectShown(page.getByText('Live', { exact: true }));
    expect(await page.evaluate('alerts')).toEqual([]);
    proxy.refuse();
    proxy.drop();
    await expectShown(page.getByRole('alert').filter({ hasText: 'The gateway does not answer' }));
    await expectShown(page.getByText('Offline'));
    await expect.poll(() => page.evaluate('alerts.length')).toBe(1);
  });

  it('signs out when the key was revoked while the gateway was away', async () => {
    const { gateway, proxied, proxy } = await useProxy();
    const key = await createTestKey(gateway.services, 'read');
    const { page } = await openDashboard({ gateway: proxied, path: '/jobs', key });
    await expectShown(page.getByText('Live', { exact: true }));
    proxy.refuse();
    proxy.drop();
    await expectShown(page.getByText('Offline'));
    await post(gateway, 'admin', 'keys/revoke', { key_id: keyIdOf(key) });
    proxy.accept();
    await expectShown(page.getByText('Your key was revoked or has expired.'));
  });

  it('keeps up with thousands of events, and answers a click meanwhile', async () => {
    const gateway = await useGateway();
    const { page } = await openDashboard({ gateway, path: '/jobs' });
    await expectShown(page.getByText('Live', { exact: true }));
    const jobs = Array.from({ length: 100 }, () => ({ endpoint: ENDPOINT }));
    let last: string[] = [];
    for (let batch = 0; batch < 20; batch += 1) {
      const { json } = await post(gateway, 'submit', 'jobs/submit', { jobs });
      last = json.jobs.map((job: { job_id: string }) => job.job_id);
      await post(gateway, 'submit', 'jobs/cancel', { job_ids: last });
    }
    await expectShown(page.locator(`tbody a[href$="${last.at(-1)}"]`));
    await expect.poll(() => page.locator('tbody').getByText('Cancelled').count()).toBe(50);
    await page.getByRole('link', { name: /^Queued/ }).click();
    await expectShown(page.getByText('No job matches'));
    expect(await longestTask(page)).toBeLessThan(500);
  });

  it('reads again what changed while it was read first', async () => {
    const gateway = await useGateway();
    const jobId = await submitJob(gateway);
    const { page } = await openDashboard({ gateway, path: '/jobs' });
    await expectShown(page.locator('tbody tr'));
    let isFirst = true;
    await page.route(/\/trpc\/[^?]*job\.get/, async (route) => {
      const response = await route.fetch();
      if (!isFirst) return route.fulfill({ response });
      isFirst = false;
      await claimJob(gateway);
      // A slow answer: the event of the claim overtakes it.
      await new Promise((resolve) => setTimeout(resolve, 500));
      return route.fulfill({ response });
    });
    await page.locator(`tbody a[href$="${jobId}"]`).click();
    await expectShown(page.locator('.job-lead').getByText('Running'));
  });

  it('lists again what was submitted while the list was read first', async () => {
    const gateway = await useGateway();
    const first = await submitJob(gateway);
    const { page } = await openDashboard({ gateway, path: '/jobs' });
    await expectShown(page.locator(`tbody a[href$="${first}"]`));
    const second = Promise.withResolvers<string>();
    await page.route(
      /jobs\.list.*queued/,
      async (route) => {
        const response = await route.fetch();
        second.resolve(await submitJob(gateway));
        // A slow answer: the event of the second job overtakes it.
        await new Promise((resolve) => setTimeout(resolve, 500));
        return route.fulfill({ response });
      },
      { times: 1 },
    );
    await page.getByRole('link', { name: /^Queued/ }).click();
    await expectShown(page.locator(`tbody a[href$="${await second.promise}"]`));
  });

  it('keeps the progress that overtook a slow answer', async () => {
    const gateway = await useGateway();
    const jobId = await submitJob(gateway);
    const { page } = await openDashboard({ gateway, path: `/jobs/${jobId}` });
    await expectShown(page.locator('.job-lead').getByText('Queued'));
    const overtaken = Promise.withResolvers<void>();
    const read = Promise.withResolvers<void>();
    await page.route(/\/trpc\/[^?]*job\.get/, async (route) => {
      const response = await route.fetch();
      if ((await response.text()).includes('"running"')) {
        read.resolve();
        await overtaken.promise;
      }
      // A later reading may have taken its place.
      await route.fulfill({ response }).catch(() => {});
    });
    const lease = await claimJob(gateway);
    await read.promise;
    await post(gateway, 'work', 'worker/progress', { ...lease, percent: 70 });
    await expectShown(page.locator('.job-standing').getByText('70 %'));
    overtaken.resolve();
    await expectShown(page.getByText('Claimed by tester'));
    await expectShown(page.locator('.job-standing').getByText('70 %'));
  });
});
