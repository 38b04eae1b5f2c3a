// Many slow connections at once, from a process of their own: `node slow-connections.ts URL COUNT KEY`.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often each writes its next byte, and how far apart they open, milliseconds. */
const BYTE_EVERY_MS = 1000;
const OPEN_EVERY_MS = 1;

const HEAD = 'POST /v1/toolkit/job/submit HTTP/1.1\r\nHost: x\r\n';
const BODY_HEAD = 'Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n';

/** A quarter each: silent, a start line, a head that goes on, a body that goes on with a good key. */
function kindOf(index: number, key: string): { first: string; next: string } {
  if (index % 4 === 0) return { first: '', next: '' };
  if (index % 4 === 1) return { first: HEAD, next: '' };
  if (index % 4 === 2) return { first: `${HEAD}a: `, next: 'x' };
  return { first: `${HEAD}x-api-key: ${key}\r\n${BODY_HEAD}`, next: ' ' };
}

/** Resolves to how long it lived, milliseconds. */
async function holdOpen(url: URL, index: number, key: string): Promise<number> {
  const { first, next } = kindOf(index, key);
  const socket = connect(Number(url.port), url.hostname).resume();
  socket.on('error', () => {});
  const begun = performance.now();
  socket.write(first);
  const timer = next && setInterval(() => socket.write(next), BYTE_EVERY_MS);
  await new Promise((resolve) => socket.once('close', resolve));
  if (timer) clearInterval(timer);
  return performance.now() - begun;
}

const [url = '', count = '0', key = ''] = process.argv.slice(2);
const lives: Promise<number>[] = [];
for (let i = 0; i < Number(count); i += 1) {
  lives.push(holdOpen(new URL(url), i, key));
  await sleep(OPEN_EVERY_MS);
}
process.stdout.write('open\n');
const lived = await Promise.all(lives);
process.stdout.write(`${JSON.stringify({ longestMs: Math.max(...lived) })}\n`);
