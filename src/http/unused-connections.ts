// Connections on which nothing was asked yet: Node takes them for busy, and a stop would wait.
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Closes them when the server begins to close. Browsers and proxies open such ones ahead of use. */
export function closeUnusedConnections(app: FastifyInstance): void {
  const unused = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  app.server.on('request', ({ socket }) => unused.delete(socket));
  app.addHook('preClose', async () => {
    for (const socket of unused) socket.destroy();
  });
}
