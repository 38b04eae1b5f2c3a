// A canary: a server on loopback, IPv4 and IPv6, that nothing may ever connect to.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  port: number;
  server: Server;
  /** Connections so far, answered or not. */
  connections(): number;
  close(): Promise<void>;
}

export async function listen(
  listener: RequestListener,
  { host = '127.0.0.1', port = 0 } = {},
): Promise<Listening> {
  let count = 0;
  const server = createServer(listener).on('connection', () => (count += 1));
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    connections: () => count,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Canary {
  port: number;
  connections(): number;
  close(): Promise<void>;
}

/** The same port on 127.0.0.1 and ::1. */
export async function startCanary(): Promise<Canary> {
  const sing: RequestListener = (_request, response) => void response.end('tweet');
  const four = await listen(sing);
  const six = await listen(sing, { host: '::1', port: four.port });
  return {
    port: four.port,
    connections: () => four.connections() + six.connections(),
    close: async () => {
      await four.close();
      await six.close();
    },
  };
}
