// A proxy before a gateway that loses answers and cuts connections, as a network does.
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Passed {
  method: string;
  path: string;
  status: number;
  requestHeaders: IncomingMessage['headers'];
  /** NaN where the answer said nothing. */
  retryAfterSeconds: number;
  /** Milliseconds of `performance.now()` when the gateway answered. */
  answeredAt: number;
}

export interface Front {
  url: string;
  /** Every request that the gateway answered, in order. */
  passed: Passed[];
  /** Breaks every open connection. */
  cut(): void;
}

/** Gone after the test. `loses` says which answers never arrive; the gateway has done its work then. */
export async function startFront(
  gatewayUrl: string,
  loses: (call: Passed, nth: number) => boolean = () => false,
): Promise<Front> {
  const passed: Passed[] = [];
  const server = createServer((incoming, outgoing) => {
    forward(gatewayUrl, incoming, outgoing, (answer) => {
      passed.push(callOf(incoming, answer));
      return loses(passed.at(-1)!, passed.length);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, passed, cut: () => server.closeAllConnections() };
}

function callOf(incoming: IncomingMessage, answer: IncomingMessage): Passed {
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    status: answer.statusCode ?? 0,
    requestHeaders: incoming.headers,
    retryAfterSeconds: Number(answer.headers['retry-after'] ?? 'none'),
    answeredAt: performance.now(),
  };
}

function forward(
  gatewayUrl: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  isLost: (answer: IncomingMessage) => boolean,
): void {
  const { method, headers, url = '/' } = incoming;
  const onward = request(new URL(url, gatewayUrl), { method, headers, agent: false }, (answer) => {
    if (isLost(answer)) {
      outgoing.destroy();
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.destroy());
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
}
