// Bytes over a socket: what no HTTP client would send, and all that comes back.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'vitest';

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Sends the bytes, half-closes where `end` says so, and reads until the server has closed. */
export async function sendBytes(
  url: string,
  bytes: string | Uint8Array,
  { end = false } = {},
): Promise<RawAnswer | undefined> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // The server may reset what it does not want to read to its end.
  socket.on('error', () => {});
  socket.write(bytes);
  if (end) socket.end();
  await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  socket.destroy();
  return parse(Buffer.concat(chunks).toString());
}

function parse(text: string): RawAnswer | undefined {
  if (text === '') return undefined;
  const [head = '', body = ''] = text.split(/\r\n\r\n([^]*)/);
  const [start = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { status: Number(start.split(' ')[1]), headers: Object.fromEntries(headers), body };
}

/** One answer, of ours, and nothing after it. */
export function expectRaw(
  answer: RawAnswer | undefined,
  status: number,
  error: string | RegExp,
): void {
  const type = 'application/json; charset=utf-8';
  const message = typeof error === 'string' ? error : expect.stringMatching(error);
  expect({ ...answer, body: JSON.parse(answer?.body ?? 'null') }).toMatchObject({
    status,
    headers: { 'content-type': type },
    body: { error: message, code: status },
  });
}
