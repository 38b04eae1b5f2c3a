// The README: its blocks run as they stand, and its tables say what the program says.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  IMPORT_EXIT_CODES,
  JOB_EXIT_CODES,
  LISTEN_EXIT_CODES,
  STORE_EXIT_CODES,
} from '../src/cli/exit-codes.ts';
import { readConfig, VARIABLES } from '../src/config.ts';
import { HTTP_STATUS } from '../src/contract/errors.ts';
import { JOB_STATUSES } from '../src/contract/job.ts';
import { appRouter } from '../src/procedures/router.ts';
import type { Meta } from '../src/procedures/trpc.ts';
import { startTestGateway, type TestGateway } from './gateway.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The blocks fenced as "```<language> runnable", in their order. */
function blocks(language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language} runnable\\n([^]*?)^\`\`\`$`, 'gm');
  return [...README.matchAll(fence)].map(([, code = '']) => code);
}

describe('the runnable blocks', () => {
  let copy: string;
  let gateway: TestGateway;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    gateway = await startTestGateway();
    copy = mkdtempSync(join(tmpdir(), 'jobgate-readme-'));
    copyRepository(copy);
    const JOBGATE_API_KEY = gateway.keys.admin;
    environment = { ...process.env, JOBGATE_URL: gateway.url, JOBGATE_API_KEY };
  });

  afterAll(async () => {
    await gateway.close();
    rmSync(copy, { recursive: true });
  });

  it('have a package to import, once it is built', async () => {
    const built = await run('npm', ['run', '--silent', 'build']);
    expect(built).toMatchObject({ code: 0, stdout: '' });
  }, 60_000);

  it('in the shell submit a job and read its status', async () => {
    const script = blocks('sh').join('\n');
    const { code, stdout, stderr } = await run('sh', ['-euc', script]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/"job_status":\s?"queued"/);
  });

  it('in TypeScript are typed, run the job and read that it is done', async () => {
    const [worker, client, trpc, ...more] = blocks('ts').map((code, index) => {
      writeFileSync(join(copy, `block-${index}.ts`), code);
      return `block-${index}.ts`;
    });
    expect({ worker, client, trpc, more }).toEqual({
      worker: 'block-0.ts',
      client: 'block-1.ts',
      trpc: 'block-2.ts',
      more: [],
    });
    expect(await run('node_modules/.bin/tsc', ['-p', 'blocks.json'])).toMatchObject({
      code: 0,
      stdout: '',
    });
    const working = start(process.execPath, [String(worker)]);
    const answers = [];
    for (const block of [client, trpc]) answers.push(await run(process.execPath, [String(block)]));
    working.kill('SIGTERM');
    await once(working, 'exit');
    expect(answers).toEqual([
      { code: 0, stdout: 'HI\n', stderr: '' },
      { code: 0, stdout: 'done\n', stderr: '' },
    ]);
  });

  function start(command: string, args: string[]): ChildProcess {
    return spawn(command, args, { cwd: copy, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async function run(command: string, args: string[]) {
    const child = start(command, args);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }
});

/** All that a build of the package needs, and a place for the blocks beside it. */
function copyRepository(copy: string): void {
  const needed = [
    'src',
    'db',
    'package.json',
    'openapi.json',
    'tsconfig.json',
    'tsconfig.build.json',
  ];
  for (const name of needed) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const config = { extends: './tsconfig.json', include: ['block-*.ts'] };
  writeFileSync(join(copy, 'blocks.json'), JSON.stringify(config));
}

describe('the tables', () => {
  const lines = README.replaceAll(/ +/g, ' ').split('\n');
  const rows = lines.filter((line) => line.startsWith('| '));
  const rowOf = (name: string) => rows.find((row) => row.startsWith(`| ${name} `)) ?? `no ${name}`;

  it.each(Object.keys(VARIABLES.shape))('of variables has %s with its default', (name) => {
    const field = name
      .toLowerCase()
      .replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    const defaults: Record<string, string | number | readonly string[] | undefined> = {
      ...readConfig({}),
      databaseUrl: 'file:./data/jobgate.db',
    };
    const fallback = (defaults[field] ?? '').toString();
    expect(rowOf(`\`${name}\``)).toContain(fallback === '' ? '| |' : `| \`${fallback}\` |`);
  });

  it.each(Object.entries(appRouter._def.procedures))(
    'of the API has %s with its scope',
    (_, made) => {
      const { openapi, scope } = (made as unknown as { _def: { meta: Meta } })._def.meta;
      const path = openapi?.path.replace('/v1/toolkit/', '') ?? '';
      const row = rows.find((each) => each.split('|')[1]?.match(`[\`/ ]${path}\``)) ?? `no ${path}`;
      expect(row.split('|')[2]).toBe(` ${scope} `);
    },
  );

  it.each(JOB_STATUSES)('of states has %s', (status) => {
    expect(rowOf(`\`${status}\``)).toMatch(/\| .+ \|/);
  });

  it.each([...new Set(Object.values(HTTP_STATUS))])('of errors has %i', (status) => {
    expect(rows.some((row) => (row.split('|')[1] ?? '').includes(String(status)))).toBe(true);
  });

  it.each(
    Object.entries({
      ...STORE_EXIT_CODES,
      ...LISTEN_EXIT_CODES,
      ...JOB_EXIT_CODES,
      ...IMPORT_EXIT_CODES,
    }),
  )('of exit codes has %s', (_, code) => {
    expect(rowOf(String(code))).toMatch(/\| .+ \|/);
  });
});
