// `npm run licenses`: THIRD-PARTY-LICENSES, of the packages that are in the built files.
import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILE = join(ROOT, 'THIRD-PARTY-LICENSES');
const RULE = '='.repeat(80);
const BEGIN = 'Parts of these packages are in the files of dist/src/cli and dist/dashboard.\n';

/** What the dashboard's bundle holds: minified, it does not name them. */
const IN_THE_PAGE = [
  '@tanstack/preact-query',
  '@tanstack/query-core',
  '@trpc/client',
  '@trpc/server',
  'eventsource',
  'eventsource-parser',
  'preact',
  'uplot',
];

/** The packages that have parts in what is built into this folder. */
export function packagesIn(dist: string): Set<string> {
  const files = globSync(join(dist, '**/*.js'));
  const named = files.flatMap((file) => [
    ...readFileSync(file, 'utf8').matchAll(/^\s*\/\/ .*\bnode_modules\/((@[^/]+\/)?[^/]+)\//gm),
  ]);
  return new Set([...named.map(([, name]) => name!), ...IN_THE_PAGE]);
}

/** The packages whose licence the file has, with their entries. */
export function readLicenses(): Map<string, string> {
  const [, ...parts] = readFileSync(FILE, 'utf8').split(`${RULE}\n`);
  const entries = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2) {
    const [title = '', text = ''] = parts.slice(at, at + 2);
    entries.set(title.split(' ')[0]!, `${title}${RULE}\n${text.trimEnd()}\n`);
  }
  return entries;
}

/** Some have no file of the licence that they name: then what somebody wrote here stays. */
function entryOf(name: string, kept: string | undefined): string {
  const folder = join(ROOT, 'node_modules', name);
  const file = readdirSync(folder).find((found) => /^licen[cs]e/i.test(found));
  if (!file && kept) return kept;
  if (!file) throw new Error(`${name} has no licence file: write its entry by hand`);
  const { license, homepage, repository } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  const page = pageOf(homepage ?? repository.url ?? repository);
  const text = readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim();
  return `${name} (${page}), ${license}\n${RULE}\n\n${text}\n`;
}

/** npm has it as `git+https://github.com/a/b.git` and as `a/b`, too. */
function pageOf(address: string): string {
  const isShort = /^[\w-]+\/[\w.-]+$/.test(address);
  const url = isShort ? `https://github.com/${address}` : address;
  return url.replace(/^[\w+]+:\/\/(git@)?/, 'https://').replace(/(\.git|#readme|\/)$/, '');
}

if (import.meta.main) {
  const kept = readLicenses();
  const names = [...packagesIn(join(ROOT, 'dist'))].toSorted();
  const entries = names.map((name) => `${RULE}\n${entryOf(name, kept.get(name))}`);
  writeFileSync(FILE, [BEGIN, ...entries].join('\n'));
  process.stdout.write(`${names.length} packages\n`);
}
