// Answers that nobody reads: cut off, for they are held in memory as long as the caller likes.
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../contract/clock.ts';

/**
 * Something of an answer must be taken within this, milliseconds. The kernel says so only once a third
 * of its buffer is free: over loopback, of 1.4 MB, so a proxy's caller must take 24 KB/s.
 */
const TAKE_WITHIN_MS = 60_000;

/** How often all connections are looked at: half a millisecond for ten thousand. */
const SWEEP_MS = 1000;

/** An answer on its way: how many bytes had left when some last did, and when that was seen. */
interface Waiting {
  left: number;
  since: number;
}

/** Node's own handle of a socket: no part of its interface, but Node judges its own time-outs by it. */
interface Handle {
  bytesWritten: number;
  /** Of those written, the bytes that the kernel has not taken. */
  writeQueueSize: number;
}

/**
 * Node bounds how long a request may take, and no answer. One sweep for all: nothing of it is a part of
 * a request. A wait has nothing to write, and a stream is cut off sooner by its own bound.
 */
export function cutUntakenAnswers(
  app: FastifyInstance,
  sockets: ReadonlySet<Socket>,
  clock: Clock,
): void {
  let waiting = new Map<Socket, Waiting>();
  const timer = setInterval(() => {
    waiting = stillWaiting(sockets, waiting, clock.monotonic());
    for (const socket of overdue(waiting, clock.monotonic())) cut(app, socket);
  }, SWEEP_MS).unref();
  app.addHook('onClose', async () => clearInterval(timer));
}

function stillWaiting(
  sockets: ReadonlySet<Socket>,
  before: Map<Socket, Waiting>,
  now: number,
): Map<Socket, Waiting> {
  const waiting = new Map<Socket, Waiting>();
  for (const socket of sockets) {
    if (socket.writableLength === 0) continue;
    const left = bytesLeft(socket);
    const known = before.get(socket);
    waiting.set(socket, known?.left === left ? known : { left, since: now });
  }
  return waiting;
}

/** The socket itself counts a write as a whole: 8 MiB would not move until the last of it has left. */
function bytesLeft(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle: Handle | null };
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0;
}

function overdue(waiting: Map<Socket, Waiting>, now: number): Socket[] {
  const found = [...waiting].filter(([, { since }]) => now - since >= TAKE_WITHIN_MS);
  return found.map(([socket]) => socket);
}

/** A reset: after a plain close the kernel would keep what it has, up to 4 MB, for who never reads it. */
function cut(app: FastifyInstance, socket: Socket): void {
  app.log.info({ waiting_bytes: socket.writableLength }, 'cut off an answer that nobody reads');
  socket.resetAndDestroy();
}
