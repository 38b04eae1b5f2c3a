// The architecture: who may import whom, what only one layer may touch, and how files are named.
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join, normalize, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { appRouter } from '../src/procedures/router.ts';
import type { Meta } from '../src/procedures/trpc.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What each part may import, beside itself. `cli` is the composition root. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  contract: [],
  store: ['contract'],
  'store/sqlite': ['contract', 'store', 'db'],
  queue: ['contract', 'store'],
  auth: ['contract', 'store', 'queue'],
  webhooks: ['contract', 'store', 'queue'],
  procedures: ['contract', 'store', 'queue', 'auth', 'webhooks'],
  http: ['contract', 'store', 'queue', 'auth', 'webhooks', 'procedures'],
  // A worker is a client too: one HTTP layer for both.
  worker: ['contract', 'client'],
  client: ['contract'],
  // Of the contract, what a page needs too; the rest of the gateway it knows by its router's type.
  dashboard: ['contract', 'client'],
  db: ['contract'],
  config: ['contract', 'near-miss'],
  'near-miss': [],
  index: ['contract', 'procedures', 'worker', 'client'],
  // Everything but the page, which is built and not loaded.
  cli: 'contract store store/sqlite queue auth webhooks procedures http worker client config near-miss'.split(
    ' ',
  ),
};

/** These take types from anywhere: they are erased, and it is how a client learns its router. */
const MAY_IMPORT_ANY_TYPE = ['worker', 'client', 'dashboard', 'index'];

/** Packages that only these parts may import. */
const PACKAGE_HOMES: [RegExp, readonly string[]][] = [
  // In one place, loaded as CommonJS: `db/drizzle-packages.ts` says why.
  [/^drizzle-orm/, ['db']],
  [/^better-sqlite3/, ['store/sqlite']],
  [/^(fastify|@fastify|@scalar|@prometheus-io)/, ['http']],
  [/^@opentelemetry/, ['http', 'cli']],
  [/^(trpc-openapi|zod-openapi)/, ['contract', 'procedures', 'http']],
];

/** What a whole part must withstand: of no one file. */
const TRIALS = [
  'bundle',
  'damaged-files',
  'full-disk',
  'injected-scripts',
  'kill',
  'power-cut',
  'screenshots',
  'zombie',
];

interface Import {
  from: string;
  typeOnly: boolean;
}

const files = globSync('{src/**/*.{ts,tsx,js},db/*.ts}', { cwd: ROOT }).map((file) =>
  normalize(file),
);
const tests = globSync('test/*/**/*.test.ts', { cwd: ROOT }).map((file) => normalize(file));
const sources = files.map((file) => {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return { file, part: partOf(file), text, imports: importsOf(text) };
});

/** `src/store/sqlite/reads.ts` is of `store/sqlite`, `src/config.ts` of `config`. */
function partOf(file: string): string {
  const [top = '', ...rest] = file.split('/');
  if (top === 'db') return 'db';
  if (rest[0] === 'store' && rest[1] === 'sqlite') return 'store/sqlite';
  return parse(rest[0] ?? '').name;
}

function importsOf(text: string): Import[] {
  const statements = text.matchAll(/^(import|export)\s+(type\s)?[^;]*?from '([^']+)'/gm);
  const bare = text.matchAll(/\bimport\s?\(?'([^']+)'/g);
  return [
    ...[...statements].map(([, , type, from = '']) => ({ from, typeOnly: type !== undefined })),
    ...[...bare].map(([, from = '']) => ({ from, typeOnly: false })),
  ];
}

/** The text without comments and quoted strings. */
function codeOf(text: string): string {
  const noise = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\/.*|\/\*[^]*?\*\//g;
  return text.replaceAll(noise, (match) => (match.startsWith('/') ? '' : "''"));
}

/** The parts a file imports that it may not. */
function trespasses({ file, part, imports }: (typeof sources)[number]): string[] {
  const allowed = [...(MAY_IMPORT[part] ?? []), part];
  return imports
    .filter(({ from }) => from.startsWith('.'))
    .filter(({ typeOnly }) => !(typeOnly && MAY_IMPORT_ANY_TYPE.includes(part)))
    .map(({ from }) => partOf(join(dirname(file), from)))
    .filter((target) => !allowed.includes(target))
    .map((target) => `${file} imports ${target}`);
}

function filesWhose(code: RegExp, exempt: (file: string) => boolean): string[] {
  return sources
    .filter(({ file, text }) => !exempt(file) && code.test(codeOf(text)))
    .map(({ file }) => file);
}

describe('layers', () => {
  it('every part of the source is in the table', () => {
    const parts = new Set(sources.map(({ part }) => part));
    expect([...parts].filter((part) => !(part in MAY_IMPORT))).toEqual([]);
    expect(parts.size).toBeGreaterThan(8);
  });

  it('each imports from its left only', () => {
    expect(sources.flatMap(trespasses)).toEqual([]);
  });

  it.each(PACKAGE_HOMES)('%s is imported in %s only', (packages, homes) => {
    const users = sources.filter(({ imports }) => imports.some(({ from }) => packages.test(from)));
    expect(users.length).toBeGreaterThan(0);
    expect(users.filter(({ part }) => !homes.includes(part)).map(({ file }) => file)).toEqual([]);
  });
});

describe('the outside world', () => {
  it('process is read in cli only; a worker knows its pid', () => {
    // In a page there is none: what it shows of one is a text to copy.
    const isCli = (file: string) => /^src\/(cli|dashboard)\//.test(file);
    expect(filesWhose(/\bprocess\.(?!pid\b)|\bprocess\[/, isCli)).toEqual([]);
    const isWorker = (file: string) => isCli(file) || file.startsWith('src/worker/');
    expect(filesWhose(/\bprocess\.pid\b/, isWorker)).toEqual([]);
    expect(
      sources.filter(({ imports }) => imports.some(({ from }) => /^(node:)?process$/.test(from))),
    ).toEqual([]);
  });

  it('time comes from the clock', () => {
    const isOutside = (file: string) => /^src\/(cli|worker|client|dashboard)\//.test(file);
    expect(filesWhose(/\b(Date|performance)\.now\(|new Date\(\)|\bhrtime\b/, isOutside)).toEqual(
      [],
    );
  });
});

describe('files', () => {
  it('each begins with a comment that says what it owns', () => {
    const silent = sources.filter(({ text }) => !/^(#!.*\n)?\/\/ \S/.test(text));
    expect(silent.map(({ file }) => file)).toEqual([]);
  });

  it('are named in kebab-case, after what they hold', () => {
    const vague = ['utils', 'util', 'common', 'helpers', 'helper', 'types', 'misc', 'shared'];
    const names = files.map((file) => parse(file).name);
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
    expect(names.filter((name) => vague.includes(name))).toEqual([]);
  });

  it('of tests stand where the file they test stands', () => {
    const tested = files.map((file) => file.replace(extname(file), ''));
    const orphans = tests.filter((test) => {
      const source = test.replace('.test.ts', '').replace(/^test\//, 'src/');
      const folder = dirname(test).replace(/^test\//, '');
      // `crash` and `fuzz` hold programs that try to break a whole gateway or store.
      const isOrphan = !tested.includes(source) && !/^(examples|crash|fuzz)/.test(folder);
      return isOrphan && !TRIALS.includes(basename(test, '.test.ts'));
    });
    expect(orphans).toEqual([]);
  });
});

describe('one name, five places', () => {
  const all = Object.entries(appRouter._def.procedures) as unknown as [string, Procedure][];
  // A subscription has no path: over REST it is Server-Sent Events, or nothing.
  const subscriptions = all.filter(([, { _def }]) => _def.type === 'subscription');
  const procedures = all.filter(([, { _def }]) => _def.type !== 'subscription');

  it.each(subscriptions)('%s, a subscription: three places', (name) => {
    const file = name.replace('.', '-');
    expect(files).toContain(`src/procedures/${file}.ts`);
    expect(tests).toContain(`test/procedures/${file}.test.ts`);
  });

  it.each(procedures)('%s', (name, { _def: { meta } }) => {
    const path = name === 'toolkit.authenticate' ? 'authenticate' : name.replace('.', '/');
    const file = name.replace('.', '-');
    expect(meta.openapi?.path).toBe(`/v1/toolkit/${path}`);
    expect(operationIds(`/v1/toolkit/${path}`)).toContain(file);
    expect(files).toContain(`src/procedures/${file}.ts`);
    expect(tests).toContain(`test/procedures/${file}.test.ts`);
  });
});

interface Procedure {
  _def: { meta: Meta; type: string };
}

/** Of the path in the committed document. */
function operationIds(path: string): string[] {
  const document = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8')) as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  return Object.values(document.paths[path] ?? {}).map(({ operationId }) => operationId);
}
