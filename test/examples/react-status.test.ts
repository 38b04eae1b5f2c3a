// The React page: typed, built by its own Vite, and opened in a real browser beside a real gateway.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hasChromium, openPage } from '../chromium.ts';
import { temporaryFolder } from '../cli/child.ts';
import { startTestGateway } from '../gateway.ts';
import { startTestWorker } from '../worker/test-worker.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/react-status', import.meta.url));
const TSC = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));
const VITE = `${EXAMPLE}/node_modules/vite/bin/vite.js`;

const isInstalled = existsSync(VITE);
const missing = isInstalled ? 'Chromium' : '`npm ci --prefix examples/react-status`';
const canRun = isInstalled && hasChromium;
if (!canRun) process.stderr.write(`LEFT OUT: the React example is not tested without ${missing}\n`);

/** Serves what was built, with the gateway behind `/trpc`, as the example does it; its address. */
async function serve(outDir: string, gatewayUrl: string): Promise<string> {
  const args = [VITE, 'preview', '--outDir', outDir, '--port', '0'];
  const env = { PATH: process.env['PATH'], JOBGATE_URL: gatewayUrl, NO_COLOR: '1' };
  const server = spawn(process.execPath, args, {
    cwd: EXAMPLE,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    server.kill('SIGKILL');
    await once(server, 'close');
  });
  for await (const line of createInterface(server.stdout)) {
    const [address] = /http:\/\/[\d.:]+/.exec(line) ?? [];
    if (address) return address;
  }
  throw new Error('the preview did not start');
}

function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: EXAMPLE,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stdout + stderr);
  return stdout;
}

describe.skipIf(!canRun)(
  'the React page (left out where it is not installed, or no Chromium is)',
  () => {
    it('is typed from the router', () => {
      expect(run(TSC, '-p', '.')).toBe('');
    }, 60_000);

    it('signs in, submits a job, shows its progress and its result, and another cancelled', async () => {
      const gateway = await startTestGateway();
      onTestFinished(() => gateway.close());
      const outDir = temporaryFolder();
      run(VITE, 'build', '--outDir', outDir, '--emptyOutDir', '--logLevel', 'error');
      const { page, faults, urls } = await openPage();
      await page.goto(await serve(outDir, gateway.url));

      await page.getByLabel('API key').fill('jg_wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('Unauthorized').waitFor();
      await page.getByLabel('API key').fill(gateway.keys.submit);
      await page.getByRole('button', { name: 'Sign in' }).click();

      await page.getByLabel('Text').fill('grüße');
      await page.getByRole('button', { name: 'Submit' }).click();
      const card = page.locator('li.card');
      await card.getByText('queued').waitFor();

      const goOn = Promise.withResolvers<void>();
      startTestWorker({
        url: gateway.url,
        apiKey: gateway.keys.work,
        handlers: {
          '/v1/text/upper': async ({ payload }, { progress, signal }) => {
            progress({ percent: 40, phase: 'halfway' });
            await Promise.race([goOn.promise, once(signal, 'abort')]);
            signal.throwIfAborted();
            return String(payload['text']).toUpperCase();
          },
        },
      });
      await card.getByText('40 % halfway').waitFor();
      expect(await card.locator('.state').textContent()).toBe('running');
      goOn.resolve();
      await card.getByText('"GRÜSSE"').waitFor();
      expect(await card.locator('.state').textContent()).toBe('done');

      await page.getByLabel('Endpoint').fill('/v1/text/nobody');
      await page.getByRole('button', { name: 'Submit' }).click();
      await page.getByRole('button', { name: 'Cancel' }).click();
      await card.first().getByText('cancelled', { exact: true }).first().waitFor();

      expect(urls.filter((url) => url.includes('jg_'))).toEqual([]);
      expect(faults).toEqual([expect.stringContaining('401')]);
    }, 60_000);
  },
);
