// The open connections of the server: one set for all who look after them.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export function openSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}
