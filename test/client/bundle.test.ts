// The client as a page carries it: small, of web standards only, and at work without Node's globals.
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { createJobgateClient } from '../../src/client/client.ts';
import { hasChromium, openPage } from '../chromium.ts';
import { claimJob, ENDPOINT, post } from '../clients.ts';
import { startTestGateway } from '../gateway.ts';

const CLIENT = fileURLToPath(new URL('../../src/client/client.ts', import.meta.url));

/** What every browser and runtime has, and nothing of Node. */
const WEB_GLOBALS = {
  AbortController,
  clearTimeout,
  crypto,
  fetch,
  performance,
  setTimeout,
  TextDecoder,
  URL,
};

/** Runs in the page. */
async function follow(
  jobgate: { createJobgateClient: typeof createJobgateClient },
  { url, apiKey, endpoint }: { url: string; apiKey: string; endpoint: string },
) {
  const client = jobgate.createJobgateClient({ url, apiKey });
  const { job_id } = await client.submit({ endpoint });
  const kinds: string[] = [];
  for await (const { kind } of client.watch(job_id)) kinds.push(kind);
  const { result } = await client.waitFor(job_id);
  const unknown = client.get('00000000-0000-4000-8000-000000000000');
  const refused = await unknown.catch(({ name }: Error) => name);
  return { kinds, result, refused };
}

let code: string;

beforeAll(async () => {
  const lib = { entry: CLIENT, formats: ['iife' as const], name: 'jobgate' };
  const options = { lib, minify: true, write: false, target: 'es2022' };
  const built = await build({ configFile: false, logLevel: 'error', build: options });
  const [{ output }] = built as unknown as [{ output: { code: string }[] }];
  code = output[0]?.code ?? '';
}, 60_000);

describe('the bundle', () => {
  it('is below 15 kB gzipped, and imports nothing', () => {
    expect(code.length).toBeGreaterThan(5000);
    expect(gzipSync(code).length).toBeLessThan(15_000);
    expect(/node:|\brequire\(|\bimport\b|process\.|Buffer[.(]/.exec(code)?.[0]).toBeUndefined();
  });

  it('does its work where there are web standards only', async () => {
    const gateway = await startTestGateway();
    onTestFinished(() => gateway.close());
    const context = createContext({ ...WEB_GLOBALS });
    expect(runInContext('typeof process + typeof require + typeof Buffer', context)).toBe(
      'undefined'.repeat(3),
    );
    const create = runInContext(`${code};jobgate.createJobgateClient`, context);
    const client = (create as typeof createJobgateClient)({
      url: gateway.url,
      apiKey: gateway.keys.submit,
    });
    const { job_id } = await client.submit({ endpoint: ENDPOINT });
    const done = client.waitFor(job_id, { timeout: 10_000 });
    const lease = await claimJob(gateway);
    await post(gateway, 'work', 'worker/complete', { ...lease, result: 'ü' });
    expect(await done).toMatchObject({ job_status: 'done', result: 'ü' });
  });

  it.skipIf(!hasChromium)(
    'does its work in a page of another origin (left out without Chromium)',
    async () => {
      const gateway = await startTestGateway({ corsOrigins: ['*'] });
      onTestFinished(() => gateway.close());
      const { page, faults, urls } = await openPage();
      const followed = page.evaluate(
        `${code};(${follow.toString()})(jobgate, ${JSON.stringify({
          url: gateway.url,
          apiKey: gateway.keys.submit,
          endpoint: ENDPOINT,
        })})`,
      );
      const submitted = async () => (await gateway.services.store.queueLength('default')) === 1;
      await expect.poll(submitted, { interval: 20 }).toBe(true);
      const lease = await claimJob(gateway);
      await post(gateway, 'work', 'worker/complete', { ...lease, result: 'ü' });
      expect(await followed).toEqual({
        kinds: ['queued', 'running', 'done'],
        result: 'ü',
        refused: 'JobNotFoundError',
      });
      expect(urls.some((url) => url.includes('/job/events?job_id='))).toBe(true);
      expect(urls.filter((url) => url.includes(gateway.keys.submit))).toEqual([]);
      expect(faults.filter((fault) => !fault.includes('404'))).toEqual([]);
    },
  );
});
