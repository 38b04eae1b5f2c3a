// The dashboard's build: into `dist/dashboard`, with nothing inline, so that its policy can be strict.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const GATEWAY = process.env['JOBGATE_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  root: fileURLToPath(new URL('../src/dashboard', import.meta.url)),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: fileURLToPath(new URL('../dist/dashboard', import.meta.url)),
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // `npm run dev:dashboard`: the page from its sources, the data from a running gateway.
  server: { proxy: { '/trpc': GATEWAY, '/v1': GATEWAY } },
});
