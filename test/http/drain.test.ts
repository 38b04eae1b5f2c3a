// The drain: what is under way when the server closes gets to who asked for it.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { finishJob } from '../clients.ts';
import { startTestGateway } from '../gateway.ts';

it('an answer of megabytes leaves as a whole, however slowly it is read', async () => {
  const gateway = await startTestGateway();
  const result = 'x'.repeat(7 * 2 ** 20);
  const { job_id } = await finishJob(gateway, result);
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const head = [
    `GET /v1/toolkit/job/get?job_id=${job_id} HTTP/1.1`,
    'Host: x',
    `x-api-key: ${gateway.keys.read}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  const closing = gateway.close();
  // It refuses: it is stopping.
  await expect
    .poll(() =>
      fetch(`${gateway.url}/healthz`).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .not.toBe(200);
  let bytes = first.length;
  let last = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    last = chunk.toString().slice(-100);
    if (bytes > result.length && /}\s*$/.test(last)) break;
  }
  expect(bytes).toBeGreaterThan(result.length);
  expect(last).toMatch(/}\s*$/);
  await closing;
});
