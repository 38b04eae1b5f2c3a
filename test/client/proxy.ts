// A TCP proxy before a gateway that can drop, stall, hold back and refuse connections.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Proxy {
  url: string;
  /** Connections made so far. */
  count: number;
  /** Request lines seen so far, such as `POST /v1/toolkit/job/get`. */
  requests: string[];
  /** Answers that have begun. */
  answers: number;
  /** The last bytes of each request seen so far. */
  bodies: string[];
  /** Cuts every open connection. */
  drop(): void;
  /** Cuts new connections at once, until `accept`. */
  refuse(): void;
  accept(): void;
  /** From now on answers of requests whose start matches are held back for ever. */
  holdBack(request: RegExp): void;
  /** Answers requests whose start matches with these bytes, and closes. */
  answerWith(request: RegExp, bytes: string): void;
  /** Nothing more goes through the connections that are open now, which stay open. */
  freeze(): void;
}

export async function startProxy(target: string): Promise<Proxy> {
  const { port } = new URL(target);
  let isRefusing = false;
  let held: RegExp | undefined;
  let answered: [RegExp, string] | undefined;
  let frozen = new Set<Socket>();
  const sockets = new Set<Socket>();
  const server = createServer((inner) => {
    proxy.count += 1;
    if (isRefusing) return void inner.destroy();
    const outer = connect(Number(port), '127.0.0.1');
    let isHeld = false;
    let isAsked = false;
    inner.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      const [request] = /^(?:GET|POST) [^ ?]+/.exec(text) ?? [];
      proxy.bodies.push(text.slice(-200));
      if (request) {
        proxy.requests.push(request);
        isAsked = true;
        isHeld = held?.test(request) ?? false;
        if (answered?.[0].test(request)) return void inner.end(answered[1]);
      }
      outer.write(bytes);
      return undefined;
    });
    outer.on('data', (bytes) => {
      if (!isHeld && !frozen.has(outer)) inner.write(bytes);
      if (isAsked) proxy.answers += 1;
      isAsked = false;
    });
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const proxy: Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: 0,
    requests: [],
    bodies: [],
    answers: 0,
    drop,
    refuse: () => void (isRefusing = true),
    accept: () => void (isRefusing = false),
    holdBack: (request) => void (held = request),
    answerWith: (request, bytes) => void (answered = [request, bytes]),
    freeze: () => void (frozen = new Set(sockets)),
  };
  onTestFinished(async () => {
    server.close();
    drop();
    await once(server, 'close');
  });
  return proxy;
}
