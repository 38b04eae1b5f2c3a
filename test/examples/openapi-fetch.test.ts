// The typed program: its types made from openapi.json, checked, and its job run by a real worker.
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startJobgate, temporaryFolder, type Ended, type Environment } from '../cli/child.ts';
import { environmentOf, useGateway, work } from '../used-gateway.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLE = 'examples/openapi-fetch';
const FILES = ['package.json', 'tsconfig.json', 'run-job.ts'];
const COUNT = '/v1/text/count';

/** The repository's own: the same check in a fifth of the time. */
const TSC = join(ROOT, 'node_modules/.bin/tsc');

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

function run(command: string[], environment: Environment = {}): Promise<Ended> {
  const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`;
  return startJobgate([], { ...environment, PATH }, () => command).ended;
}

describe.skipIf(!isInstalled)('the typed program (left out where it is not installed)', () => {
  it('runs a job; what the document does not have does not compile', async () => {
    const gateway = await useGateway();
    work(gateway, { [COUNT]: async () => ({ words: 3 }) });
    const folder = copyExample();
    writeFileSync(join(folder, 'mistakes.ts'), MISTAKES);
    const generated = await run(['npm', '--prefix', folder, 'run', '--silent', 'generate']);
    expect(generated).toMatchObject({ code: 0, stderr: '' });
    expect(await run([TSC, '-p', folder])).toMatchObject({ code: 0, stdout: '' });

    const program = (args: string[], more: Environment = {}) =>
      run(['node', join(folder, 'run-job.ts'), ...args], { ...environmentOf(gateway), ...more });
    expect(await program([])).toMatchObject({ code: 0, stdout: '{"words":3}\n', stderr: '' });
    const refused = 'The submission was refused with';
    expect(await program(['no path'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${refused} 400: Invalid payload: endpoint`),
    });
    expect(await program([], { JOBGATE_API_KEY: '' })).toMatchObject({
      code: 1,
      stderr: `${refused} 401: Unauthorized\n`,
    });
  }, 120_000);
});
