// The README and the pages in docs/: their blocks run, their examples compile, their links lead somewhere.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { mintKey } from '../src/auth/key-format.ts';
import { post, UNKNOWN_ID } from './clients.ts';
import { Document } from './document.ts';
import { startTestGateway, type TestGateway } from './gateway.ts';
import { endOf, PackageCopy } from './package-copy.ts';
import { useGateway } from './used-gateway.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGES = globSync('docs/*.md', { cwd: ROOT }).sort();
const page = (name: string) => new Document(`docs/${name}.md`);

/** The default. */
const MAX_RESULT_BYTES = 8 * 1024 * 1024;

/** A compiler and programs that start, on a machine that runs other tests beside. */
const BUSY_MS = 180_000;

let copy: PackageCopy;
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
  const environment = { JOBGATE_URL: gateway.url, JOBGATE_API_KEY: gateway.keys.admin };
  copy = new PackageCopy(environment, ['test']);
});

afterAll(async () => {
  await gateway.close();
  copy.remove();
});

describe('the blocks in the shell', () => {
  const scripts = ['README.md', ...PAGES]
    .filter((path) => path !== 'docs/workers.md')
    .flatMap((path) => {
      const blocks = new Document(path).runnable('sh');
      return blocks.length === 0 ? [] : [[path, blocks.join('\n')] as const];
    });

  it.each(scripts)('of %s run', async (_, script) => {
    const { code, stdout, stderr } = await copy.run('sh', ['-euc', script]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toMatch(/^null$/m);
  });

  it('are in the pages that tell of the API', () => {
    expect(scripts.map(([path]) => path)).toEqual([
      'README.md',
      'docs/api.md',
      'docs/moving-over.md',
    ]);
  });
});

const workerIn = (language: string) => page('workers').runnable(language).join('\n');

describe('the blocks in TypeScript', () => {
  const readme = new Document('README.md').runnable('ts');
  const names = readme.map((_, index) => `readme-${index}.ts`);

  it(
    'have a package to import, once it is built',
    async () => {
      expect(await copy.build()).toMatchObject({ code: 0, stdout: '' });
    },
    BUSY_MS,
  );

  it(
    'are typed, those that add an endpoint too',
    async () => {
      for (const [index, code] of readme.entries()) copy.write(names[index]!, code);
      copy.write('worker.ts', workerIn('ts'));
      const added = addEndpoint();
      expect(added).toEqual([
        'src/procedures/jobs-oldest.ts',
        'test/procedures/jobs-oldest.test.ts',
      ]);
      const checked = await copy.check([...names, 'worker.ts', ...added]);
      expect(checked).toMatchObject({ code: 0, stdout: '' });
    },
    BUSY_MS,
  );

  it(
    'of the README run a job and read that it is done',
    async () => {
      const [worker = '', ...clients] = names;
      expect(clients).toHaveLength(2);
      const working = copy.start(process.execPath, [worker]);
      onTestFinished(() => endGroup(working.pid));
      const ended = endOf(working);
      const answers = [];
      for (const client of clients) answers.push(await copy.run(process.execPath, [client]));
      expect(answers).toEqual([
        { code: 0, stdout: 'HI\n', stderr: '' },
        { code: 0, stdout: 'done\n', stderr: '' },
      ]);
      working.kill('SIGTERM');
      expect(await ended).toMatchObject({ code: 0 });
    },
    BUSY_MS,
  );
});

/** Writes the worked example into the copy; its files. */
function addEndpoint(): string[] {
  const blocks = page('architecture').blocks();
  const files = blocks.filter(({ mark }) => mark.startsWith('file='));
  const names = files.map(({ mark }) => mark.replace('file=', ''));
  for (const [index, { code }] of files.entries()) copy.write(names[index]!, code);
  const line = blocks.find(({ mark }) => mark === 'line-of=src/procedures/router.ts')?.code;
  const router = readFileSync(join(ROOT, 'src/procedures/router.ts'), 'utf8');
  const withImport = `import { jobsOldest } from './jobs-oldest.ts';\n${router}`;
  copy.write('src/procedures/router.ts', withImport.replace(/^ {2}jobs: {\n/m, `$&${line}`));
  return names;
}

describe('the workers', () => {
  it(
    'in TypeScript does a job',
    async () => {
      await expectWork('/v1/docs/upper-ts', process.execPath, ['worker.ts']);
    },
    BUSY_MS,
  );

  it(
    'in Python does a job',
    async () => {
      await expectWork('/v1/docs/upper-py', 'python3', ['-c', workerIn('python')]);
    },
    BUSY_MS,
  );

  it(
    'in the shell does a job',
    async () => {
      await expectWork('/v1/docs/upper-sh', 'sh', ['-uc', workerIn('sh')]);
    },
    BUSY_MS,
  );

  /** It runs one job, and ends on SIGTERM as one that ended well. */
  async function expectWork(endpoint: string, command: string, args: string[]): Promise<void> {
    const worker = copy.start(command, args);
    onTestFinished(() => endGroup(worker.pid));
    const ended = endOf(worker);
    const submitted = await post(gateway, 'submit', 'job/submit', {
      endpoint,
      payload: { text: 'héllo "you"' },
    });
    const { job_id } = submitted.json;
    const asked = post(gateway, 'read', 'job/status', { job_id, wait_seconds: 55 });
    const early = ended.then((how) => ({ json: { response: how } }));
    const { response } = (await Promise.race([asked, early])).json;
    expect(response).toMatchObject({ job_status: 'done' });
    expect(response.response.response.toLowerCase()).toBe('héllo "you"');
    expect(response.response.response).toContain('LLO "YOU"');
    worker.once('exit', () => endGroup(worker.pid));
    worker.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  }
});

/** What a worker started and left behind. */
function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // There is nothing left of it.
  }
}

describe('the configuration of proxies', () => {
  const blockOf = (language: string) =>
    page('operations')
      .blocks()
      .filter((block) => block.language === language)
      .map(({ code }) => code)
      .join('\n');

  const hasNginx = isInstalled('nginx', ['-v']);
  const hasCaddy = isInstalled('caddy', ['version']);

  it.runIf(hasNginx)('is good for nginx -t', () => {
    const folder = temporaryFolder();
    const server = `server { listen unix:${folder}/nginx.sock; ${blockOf('nginx')} }`;
    const paths = `client_body_temp_path ${folder}; proxy_temp_path ${folder}; access_log off;`;
    const config = `pid ${folder}/pid; error_log stderr; events {} http { ${paths} ${server} }`;
    writeFileSync(join(folder, 'nginx.conf'), config);
    const { status, stderr } = runIn(folder, 'nginx', ['-t', '-c', join(folder, 'nginx.conf')]);
    expect(stderr).toContain('test is successful');
    expect(status).toBe(0);
  });

  it.runIf(hasCaddy)('is good for caddy validate', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'Caddyfile'), blockOf('caddyfile'));
    const args = ['validate', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')];
    const { status, stdout, stderr } = runIn(folder, 'caddy', args);
    expect(stdout + stderr).toContain('Valid configuration');
    expect(status).toBe(0);
  });

  it.runIf(hasNginx)('of nginx passes on what it must', async () => {
    const { upstream, port, keys } = await proxied();
    const folder = temporaryFolder();
    const location = blockOf('nginx').replace(UPSTREAM, upstream);
    const paths = `client_body_temp_path ${folder}; proxy_temp_path ${folder}; access_log off;`;
    const http = `http { ${paths} server { listen 127.0.0.1:${port}; ${location} } }`;
    const config = `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {} ${http}`;
    writeFileSync(join(folder, 'nginx.conf'), config);
    await startIn(folder, 'nginx', ['-c', join(folder, 'nginx.conf')], port);
    await expectGoodProxy(port, keys);
  });

  it.runIf(hasCaddy)('of Caddy passes on what it must', async () => {
    const { upstream, port, keys } = await proxied();
    const folder = temporaryFolder();
    const site = blockOf('caddyfile').replace('jobs.example.com', `http://127.0.0.1:${port}`);
    const config = `{\n\tadmin off\n}\n${site.replace(UPSTREAM, upstream)}`;
    writeFileSync(join(folder, 'Caddyfile'), config);
    const args = ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')];
    await startIn(folder, 'caddy', args, port);
    await expectGoodProxy(port, keys);
  });

  const UPSTREAM = '127.0.0.1:8080';

  /** A gateway that is told of one proxy, as the page says, and a port for that. */
  async function proxied() {
    const { url, keys } = await useGateway({ trustProxy: 1, wrongKeyLimit: '2/h' });
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    listener.close();
    return { upstream: new URL(url).host, port, keys };
  }

  /**
   * The largest body gets to the gateway, what this says of a larger one gets to the caller, and nobody
   * is asked for his own address.
   */
  async function expectGoodProxy(port: number, keys: TestGateway['keys']): Promise<void> {
    const ask = (path: string, headers: Record<string, string>, body: string) =>
      fetch(`http://127.0.0.1:${port}/v1/toolkit/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
    const lease = { job_id: UNKNOWN_ID, lease_token: UNKNOWN_ID };
    const largest = JSON.stringify({ ...lease, result: 'x'.repeat(MAX_RESULT_BYTES - 2) });
    const body = largest.padEnd(MAX_RESULT_BYTES + 4096);
    const answer = await ask('worker/complete', { 'x-api-key': keys.work }, body);
    expect(await answer.json()).toEqual({ error: 'Job not found', job_id: UNKNOWN_ID });
    for (let round = 0; round < 10; round += 1) {
      const refused = await ask('job/submit', { 'x-api-key': keys.submit }, body);
      expect(await refused.json()).toMatchObject({ code: 413 });
    }
    const statuses = [];
    for (const from of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
      const { apiKey } = mintKey();
      const refused = await ask(
        'jobs/stats',
        { 'x-api-key': apiKey, 'x-forwarded-for': from },
        '{}',
      );
      statuses.push(refused.status);
    }
    expect(statuses).toEqual([401, 401, 429]);
  }

  /** Resolves once it listens; it ends with the test. */
  async function startIn(folder: string, command: string, args: string[], port: number) {
    const child = spawn(command, args, {
      stdio: 'ignore',
      cwd: folder,
      env: environmentIn(folder),
    });
    const ended = once(child, 'exit');
    onTestFinished(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    await expect
      .poll(() => fetch(`http://127.0.0.1:${port}/healthz`).then(({ status }) => status, String), {
        timeout: 10_000,
      })
      .toBe(200);
  }

  function isInstalled(program: string, args: string[]): boolean {
    const isThere = spawnSync(program, args).status === 0;
    if (!isThere)
      process.stderr.write(`${program} is not installed: its configuration is not checked\n`);
    return isThere;
  }

  function temporaryFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'jobgate-docs-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return folder;
  }

  function runIn(folder: string, command: string, args: string[]) {
    return spawnSync(command, args, {
      encoding: 'utf8',
      cwd: folder,
      env: environmentIn(folder),
    });
  }

  function environmentIn(folder: string) {
    return { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  }
});

describe('links', () => {
  it.each(['README.md', ...PAGES])('of %s lead somewhere', (path) => {
    const broken = new Document(path).links().filter(({ path: target, anchor }) => {
      const file = target === '' ? path : normalize(join(dirname(path), target));
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== '' && !new Document(file).anchors().includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('of the README name every page', () => {
    const linked = new Document('README.md').links().map(({ path }) => path);
    expect(PAGES.filter((path) => !linked.includes(path)).map((path) => basename(path))).toEqual(
      [],
    );
  });
});
