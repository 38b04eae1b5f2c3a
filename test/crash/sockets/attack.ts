// One attack: a socket, what is written on it, and what comes back until it is closed.
import { connect, type Socket } from 'node:net';
import type { SocketCase } from './socket-case.ts';

export interface Outcome {
  name: string;
  /** Status of every answer, in their order; 100 is no answer. */
  statuses: number[];
  isClosed: boolean;
  ms: number;
  text: string;
}

/** How long an attack may stay without an answer and open. */
export const LIMIT_MS = 20_000;

/** The same of one that does not read its answer: a minute, and when that is noticed. */
const UNREAD_LIMIT_MS = 65_000;

/** After an answer, how long to listen for one more. */
const SETTLE_MS = 1500;

/** What no answer may have in it: paths, stacks, what runs inside. */
const INSIDE = /node:|node_modules|\/src\/|\.ts:|at \w+ \(|SQLITE|fastify|FST_ERR|HPE_|llhttp/i;

export async function attackOnce(url: string, key: string, each: SocketCase): Promise<Outcome> {
  const { hostname, port } = new URL(url);
  const begun = performance.now();
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  const answered = Promise.withResolvers<false>();
  let settling: NodeJS.Timeout | undefined;
  const onData = (chunk: Buffer) => {
    chunks.push(chunk);
    if (statusesIn(Buffer.concat(chunks).toString('latin1')).length === 0) return;
    clearTimeout(settling);
    settling = setTimeout(() => answered.resolve(false), SETTLE_MS);
  };
  if (!each.neverReads) socket.on('data', onData);
  // The server may reset what it does not want to read to its end.
  socket.on('error', () => {});
  const ended = endOf(socket);
  let isOpen = true;
  void ended.then(() => (isOpen = false));
  const attacker = {
    key,
    write: (bytes: string | Uint8Array) => void (isOpen && socket.write(bytes)),
    end: () => void socket.end(),
    isOpen: () => isOpen,
  };
  const attack = Promise.resolve(each.attack(attacker));
  const isClosed = await Promise.race([ended, answered.promise, afterLimit(each)]);
  clearTimeout(settling);
  const ms = performance.now() - begun;
  isOpen = false;
  socket.destroy();
  await attack;
  const text = Buffer.concat(chunks).toString('latin1');
  return { name: each.name, statuses: statusesIn(text), isClosed, ms, text };
}

async function endOf(socket: Socket): Promise<true> {
  await new Promise<void>((resolve) => {
    socket.once('end', resolve).once('close', () => resolve());
  });
  return true;
}

async function afterLimit({ neverReads = false }: SocketCase): Promise<false> {
  const ms = neverReads ? UNREAD_LIMIT_MS : LIMIT_MS;
  await new Promise((resolve) => setTimeout(resolve, ms).unref());
  return false;
}

function statusesIn(text: string): number[] {
  const found = [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
  return found.filter((status) => status !== 100);
}

/** What is wrong with an outcome; undefined for nothing. */
export function faultOf(
  { isValid = false, neverReads = false }: SocketCase,
  outcome: Outcome,
): string | undefined {
  const { name, statuses, isClosed, ms, text } = outcome;
  const says = (what: string) =>
    `${name}: ${what} (${statuses.join() || 'no answer'}, ${ms.toFixed(0)} ms)`;
  if (neverReads) return isClosed ? undefined : says('is held for as long as it likes');
  const bad = statuses.filter((status) => status >= 400);
  if (INSIDE.test(text)) return says('tells of the inside');
  if (statuses.some((status) => status >= 500)) return says('is answered as our fault');
  if (isValid)
    return statuses.length > 0 && bad.length === 0 ? undefined : says('is valid and refused');
  if (statuses.some((status) => status < 400)) return says('is answered as if it were good');
  return isClosed || bad.length > 0 ? undefined : says('is neither answered nor closed');
}
