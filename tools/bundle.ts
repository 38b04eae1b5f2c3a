// `npm run bundle`: the program in a few files, and what others import of the package, into `dist`.
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'rolldown';

/**
 * These stay where npm puts them: built for a machine, with files of their own beside them, or loaded
 * when they are first wanted. Fastify's compilers never are (`no-compilers.ts`). Of all others, what a
 * start loads comes in a few files instead of some four hundred, for 15 % less of the processor.
 */
const APART = [
  'better-sqlite3',
  'undici',
  'trpc-openapi',
  'zod-openapi',
  '@opentelemetry/',
  '@prometheus-io/',
  '@scalar/',
  '@fastify/ajv-compiler',
  '@fastify/fast-json-stringify-compiler',
];

const isPackage = (id: string) => !/^[./]/.test(id);
const isApart = (id: string) => isBuiltin(id) || APART.some((name) => id.startsWith(name));

const COMMON: BuildOptions = {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  platform: 'node',
  logLevel: 'warn',
};

const PROGRAM: BuildOptions = {
  ...COMMON,
  input: { main: 'src/cli/main.js' },
  external: isApart,
  resolve: { alias: { './drizzle-packages.ts': './drizzle-modules.ts' } },
  // Beside `main.js`, where the program looks for itself.
  output: { dir: 'dist/src/cli', cleanDir: true },
};

/** Loaded into programs that have their own copy of each package. */
const LIBRARY: BuildOptions = {
  ...COMMON,
  input: {
    index: 'src/index.ts',
    'client/client': 'src/client/client.ts',
    'worker/worker': 'src/worker/worker.ts',
  },
  external: isPackage,
  output: { dir: 'dist/src', chunkFileNames: 'shared/[name].js' },
};

await build([PROGRAM, LIBRARY]);
