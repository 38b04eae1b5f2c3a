// Bodies on their way, over a real socket: those that trickle in, and the rest of those refused.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, type TestContext } from 'vitest';
import { startTestGateway } from '../gateway.ts';

const PATHS = ['/v1/toolkit/job/submit', '/trpc/job.submit'];

interface HeadOptions {
  key?: string | undefined;
  version?: string;
  more?: string[];
}

/** Sends the head of a request whose body is so long. The test's own `onTestFinished`: some run at once. */
async function begin(
  path: string,
  length: number,
  { onTestFinished }: TestContext,
  { key, version = '1.1', more = [] }: HeadOptions = {},
): Promise<Socket> {
  const gateway = await startTestGateway();
  onTestFinished(() => gateway.close());
  const port = Number(new URL(gateway.url).port);
  // As who sends all of it whatever is answered meanwhile.
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  const head = [
    `POST ${path} HTTP/${version}`,
    'Host: x',
    `x-api-key: ${key ?? gateway.keys.submit}`,
    ...more,
    'Content-Type: application/json',
    `Content-Length: ${length}`,
  ];
  socket.on('error', () => {});
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  return socket;
}

/** A byte every 100 ms. */
function trickle(socket: Socket): void {
  const timer = setInterval(() => socket.write(' '), 100);
  socket.once('close', () => clearInterval(timer));
}

function drained(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('drain', resolve));
}

/** However it came to that. */
function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => {
    if (socket.closed) resolve(socket);
    else socket.once('close', resolve);
  });
}

describe('a body that trickles in', () => {
  it.concurrent.for(PATHS)(
    'POST %s with one byte every 100 ms is cut off with 408',
    { timeout: 30_000 },
    async (path, context) => {
      const socket = await begin(path, 1000, context);
      trickle(socket);
      const begun = performance.now();
      const answer = await text(socket);
      expect(performance.now() - begun).toBeLessThan(20_000);
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(answer).toMatch(/connection: close/i);
      expect(answer).toContain('The body arrived too slowly');
    },
  );

  it.concurrent('also where it is the rest of one that was refused', async (context) => {
    const socket = await begin('/v1/toolkit/job/submit', 2 ** 24, context);
    trickle(socket);
    const told = once(socket, 'data');
    await closed(socket);
    expect(String(await told)).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe('a body that is refused', () => {
  const MIB = Buffer.alloc(2 ** 20, ' ');

  /** As a proxy does, that sends all of it before it reads. */
  const send = async (socket: Socket, mebibytes: number) => {
    const end = closed(socket);
    for (let sent = 0; sent < mebibytes && !socket.destroyed; sent += 1)
      if (!socket.write(MIB)) await Promise.race([drained(socket), end]);
  };

  /** Sends all of it, and gives what was answered; rejects where the connection is reset. */
  const answerOf = async (socket: Socket, mebibytes: number) => {
    const all = text(socket);
    await send(socket, mebibytes);
    return all;
  };

  it.for(PATHS)(
    'POST %s is read to its end, and then the connection closed',
    async (path, context) => {
      const socket = await begin(path, 20 * MIB.length, context);
      expect(await answerOf(socket, 20)).toMatch(/^HTTP\/1\.1 413 [^]*over the limit/);
      expect(socket.bytesWritten).toBeGreaterThan(20 * MIB.length);
    },
  );

  it('also where the caller wants to close it, or speaks HTTP/1.0', async (context) => {
    const closing = await begin('/v1/toolkit/job/submit', 20 * MIB.length, context, {
      more: ['Connection: close'],
    });
    expect(await answerOf(closing, 20)).toMatch(/^HTTP\/1\.1 413 /);
    const old = await begin('/v1/toolkit/job/submit', 20 * MIB.length, context, { version: '1.0' });
    expect(await answerOf(old, 20)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('for want of a key is read too, and the connection goes on', async (context) => {
    const socket = await begin('/v1/toolkit/job/submit', 20 * MIB.length, context, {
      key: 'wrong',
    });
    const all = text(socket);
    await send(socket, 20);
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await all).toMatch(/^HTTP\/1\.1 401 [^]*HTTP\/1\.1 200 /);
  });

  it.for([[PATHS[0]], [PATHS[1]], [PATHS[0], 'wrong']] as [string, string?][])(
    'POST %s is not read for ever (key %s)',
    async ([path, key], context) => {
      const socket = await begin(path, 2 ** 40, context, { key });
      socket.resume();
      await send(socket, 1000);
      await closed(socket);
      expect(socket.bytesWritten).toBeLessThan(100 * MIB.length);
    },
  );
});
