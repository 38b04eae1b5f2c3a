// Bodies that trickle in, over a real socket.
import { connect } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { startTestGateway } from '../gateway.ts';

it.concurrent.each(['/v1/toolkit/job/submit', '/trpc/job.submit'])(
  'POST %s with one byte every 100 ms is cut off with 408',
  { timeout: 30_000 },
  async (path) => {
    const gateway = await startTestGateway();
    onTestFinished(() => gateway.close());
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    const head = [
      `POST ${path} HTTP/1.1`,
      'Host: x',
      `x-api-key: ${gateway.keys.submit}`,
      'Content-Type: application/json',
      'Content-Length: 1000',
    ];
    socket.on('error', () => {});
    socket.write(`${head.join('\r\n')}\r\n\r\n{`);
    const trickle = setInterval(() => socket.write(' '), 100);
    onTestFinished(() => clearInterval(trickle));
    const begun = performance.now();
    const [answer] = await Promise.all([text(socket), once(socket, 'close')]);
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toMatch(/connection: close/i);
    expect(answer).toContain('The body arrived too slowly');
  },
);
