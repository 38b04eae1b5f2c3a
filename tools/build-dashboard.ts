// `npm run build:dashboard`: the page that the gateway serves, into `dist/dashboard`, each file also gzipped.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const CONFIG = fileURLToPath(new URL('vite.config.ts', import.meta.url));
const BUILT = fileURLToPath(new URL('../dist/dashboard', import.meta.url));

// Vite follows it: tests, whose own is `test`, would look at another page than the published one.
const { NODE_ENV } = process.env;
process.env['NODE_ENV'] = 'production';
await build({ configFile: CONFIG, logLevel: 'warn' });
if (NODE_ENV === undefined) delete process.env['NODE_ENV'];
else process.env['NODE_ENV'] = NODE_ENV;

for (const name of globSync('**/*.{html,js,json,css,svg}', { cwd: BUILT })) {
  const path = `${BUILT}/${name}`;
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
}
