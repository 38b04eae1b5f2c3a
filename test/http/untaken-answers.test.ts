// Answers that nobody reads, over real sockets; the time is held.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { HeldClock } from '../held-clock.ts';
import type { TestGateway } from '../gateway.ts';
import { useGateway } from '../used-gateway.ts';

const MB = 1e6;

/** How often the gateway looks. */
const SWEEP_MS = 1000;

/** The path whose answer is the largest: 4.4 MB. What is asked of it is more than the kernel takes. */
const LARGE = '/docs/js/scalar.js';

/** Asks for it so many times, one after the other, on one connection. Nothing of it is read yet. */
async function ask({ url }: TestGateway, times: number): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const head = `GET ${LARGE} HTTP/1.1\r\nHost: x\r\n`;
  socket.write(`${head}\r\n`.repeat(times - 1) + `${head}Connection: close\r\n\r\n`);
  await once(socket, 'readable');
  return socket;
}

/** Reads so many bytes, or to the end; how many it read. */
async function take(chunks: AsyncIterator<Buffer>, bytes: number): Promise<number> {
  let taken = 0;
  while (taken < bytes) {
    const { done, value } = await chunks.next();
    if (done) break;
    taken += value.length;
  }
  return taken;
}

it('a connection that takes nothing of its answer is cut off, one that is slow is not', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const clock = new HeldClock();
  const cuts: number[] = [];
  const write = (line: string) => {
    const { msg, waiting_bytes } = JSON.parse(line);
    if (msg === 'cut off an answer that nobody reads') cuts.push(waiting_bytes);
  };
  const gateway = await useGateway({ clock, logger: { level: 'info', stream: { write } } });
  const { text } = await gateway.request('GET', LARGE);
  const size = Buffer.byteLength(text);
  const idle = connect(Number(new URL(gateway.url).port), '127.0.0.1').resume();
  onTestFinished(() => void idle.destroy());
  await once(idle, 'connect');
  const [unread, slow] = await Promise.all([ask(gateway, 3), ask(gateway, 4)]);
  const chunks = slow.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;

  let taken = 0;
  for (let seconds = 0; seconds < 200; seconds += 20) {
    // As much within a minute as the kernel tells of, and not the whole of an answer.
    taken += await take(chunks, 0.8 * MB);
    // By the end of this one the gateway has seen that there is room.
    await gateway.request('GET', '/healthz');
    clock.advance(20);
    vi.advanceTimersByTime(SWEEP_MS);
    expect(cuts).toHaveLength(seconds < 60 ? 0 : 1);
  }
  expect(taken).toBeLessThan(3 * size);
  expect(taken + (await take(chunks, Infinity))).toBeGreaterThan(4 * size);
  expect(cuts).toEqual([expect.toSatisfy((bytes: number) => bytes > MB)]);
  const reset = once(unread, 'error');
  unread.resume();
  expect(await reset).toMatchObject([{ code: 'ECONNRESET' }]);
  expect(idle.closed).toBe(false);
});
