// The typed program: its types made from openapi.json, checked, and its job run by a real worker.
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startJobgate, temporaryFolder, type Ended } from '../cli/child.ts';
import { startTestGateway } from '../gateway.ts';
import { startTestWorker } from '../worker/test-worker.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLE = 'examples/openapi-fetch';
const FILES = ['package.json', 'tsconfig.json', 'run-job.ts'];
const COUNT = '/v1/text/count';

/** A directive above a line that does compile is an error itself. */
const MISTAKES = `
import createClient from 'openapi-fetch';
import type { paths } from './jobgate.d.ts';
const { POST } = createClient<paths>();
// @ts-expect-error -- no such path
await POST('/v1/toolkit/job/state', { body: { job_id: '' } });
// @ts-expect-error -- no endpoint
await POST('/v1/toolkit/job/submit', { body: { payload: {} } });
const { data } = await POST('/v1/toolkit/job/status', { body: { job_id: '' } });
// @ts-expect-error -- no such state
if (data?.response.job_status === 'finished') throw new Error();
`;

const isInstalled = existsSync(join(ROOT, EXAMPLE, 'node_modules'));
if (!isInstalled) {
  process.stderr.write(`${EXAMPLE} is not tested: npm ci --prefix ${EXAMPLE} installs it.\n`);
}

/** The example beside the document, as in the repository, where what it makes is gone afterwards. */
function copyExample(): string {
  const copy = temporaryFolder();
  const folder = join(copy, EXAMPLE);
  mkdirSync(folder, { recursive: true });
  cpSync(join(ROOT, 'openapi.json'), join(copy, 'openapi.json'));
  for (const file of FILES) cpSync(join(ROOT, EXAMPLE, file), join(folder, file));
  symlinkSync(join(ROOT, EXAMPLE, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

function npm(folder: string, args: string[], environment = {}): Promise<Ended> {
  const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`;
  const command = ['npm', '--silent', '--prefix', folder, ...args];
  return startJobgate([], { ...environment, PATH }, () => command).ended;
}

describe.skipIf(!isInstalled)('the typed program (left out where it is not installed)', () => {
  it('runs a job; what the document does not have does not compile', async () => {
    const gateway = await startTestGateway();
    onTestFinished(() => gateway.close());
    const handlers = { [COUNT]: async () => ({ words: 3 }) };
    startTestWorker({ url: gateway.url, apiKey: gateway.keys.work, handlers });
    const environment = { JOBGATE_URL: gateway.url, JOBGATE_API_KEY: gateway.keys.submit };
    const folder = copyExample();
    writeFileSync(join(folder, 'mistakes.ts'), MISTAKES);

    const done = await npm(folder, ['start'], environment);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout.trim().split('\n').at(-1)).toBe('{"words":3}');

    const node = (args: string[], more = {}) =>
      startJobgate([], { ...environment, ...more }, () => [
        process.execPath,
        join(folder, 'run-job.ts'),
        ...args,
      ]).ended;
    const wrong = await node(['no path']);
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/refused with 400: Invalid payload: endpoint/);
    expect((await node([], { JOBGATE_API_KEY: '' })).stderr).toMatch(/401: Unauthorized/);
  }, 120_000);
});
