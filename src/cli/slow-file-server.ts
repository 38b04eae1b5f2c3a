// A file served over HTTP at the pace of a slow network, for the demo.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STEPS = 15;

/** Serves `file` on a port of this machine; each download takes about `ms` milliseconds. */
export async function serveSlowly(file: string, ms: number) {
  const bytes = await readFile(file);
  const server = createServer((_request, response) => void send(bytes, response, ms));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/${basename(file)}`,
    close: async (): Promise<void> => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function send(bytes: Buffer, response: ServerResponse, ms: number): Promise<void> {
  response.writeHead(200, { 'content-length': bytes.length });
  const size = Math.ceil(bytes.length / STEPS);
  for (let at = 0; at < bytes.length && !response.destroyed; at += size) {
    response.write(bytes.subarray(at, at + size));
    await sleep(ms / STEPS);
  }
  response.end();
}
