// `npm run bundle`: the program in a few files, and what others import of the package, into `dist`.
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'rolldown';

/**
 * What is used of these comes in three files instead of 220: a start takes 370 ms of the processor
 * and 590 ms from the sources. The other packages stay where npm puts them.
 */
const BUNDLED = /^(drizzle-orm|zod)(\/|$)/;

const isPackage = (id: string) => !/^[./]/.test(id);

const COMMON: BuildOptions = {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  platform: 'node',
  logLevel: 'warn',
};

const PROGRAM: BuildOptions = {
  ...COMMON,
  input: { main: 'src/cli/main.js' },
  external: (id) => isPackage(id) && !BUNDLED.test(id),
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
