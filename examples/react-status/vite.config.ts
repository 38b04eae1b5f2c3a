// Builds the page, and serves it beside the gateway's API, so that both are of one origin.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const gateway = process.env['JOBGATE_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  server: { host: '127.0.0.1', proxy: { '/trpc': gateway } },
  preview: { host: '127.0.0.1', proxy: { '/trpc': gateway } },
});
