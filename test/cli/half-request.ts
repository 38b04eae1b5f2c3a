// A request that stays under way: its head has arrived at the gateway, its body is up to the test.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Resolves once the gateway has begun on it. */
export async function halfARequest(
  url: string,
  key: string,
  path: string,
  bodyBytes: number,
): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  // A gateway that cuts it off is no failure of the test.
  socket.on('error', () => {});
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: gateway',
    `x-api-key: ${key}`,
    'content-type: application/json',
    `content-length: ${bodyBytes}`,
    'expect: 100-continue',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  await once(socket, 'data');
  return socket;
}
