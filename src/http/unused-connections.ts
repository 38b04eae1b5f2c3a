// Connections on which nothing was asked yet: Node takes them for busy, and a stop would wait.
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Closes them when the server begins to close. Browsers and proxies open such ones ahead of use. */
export function closeUnusedConnections(app: FastifyInstance, sockets: ReadonlySet<Socket>): void {
  app.addHook('preClose', async () => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  });
}
