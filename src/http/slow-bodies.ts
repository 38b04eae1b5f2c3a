// Bodies on their way: those that trickle in are cut off, and the rest of those refused is read.
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Clock } from '../contract/clock.ts';
import { JobgateError } from '../contract/errors.ts';

/** A body is looked at this often, milliseconds, and must then have grown by so much. */
const LOOK_EVERY_MS = 10_000;
const MIN_BYTES = 40 * 1024;

/** Of a body that was refused, so much more is read and dropped, in bytes: more than a proxy lets through. */
const MAX_REST_BYTES = 32 * 1024 * 1024;

/** How often it is seen whose time to be looked at has come: few at once, however many there are. */
const SWEEP_MS = 20;

/** A body on its way: what of it had come when it was looked at last, and when it will be again. */
interface Arriving {
  seenBytes: number;
  lookAt: number;
  /** Until it is refused: told when it is too slow. */
  payload?: { emit(event: 'error', error: Error): boolean };
  reply: FastifyReply;
  /** Once it is refused: what may come at the most. */
  endBytes?: number;
}

export interface SlowBodies {
  /**
   * Before a request is refused whose body may still be on its way: the rest of it is read and dropped,
   * so that a caller or a proxy that sends all before it reads comes to read why. RFC 9112, 9.6: a
   * connection that is closed on unread bytes is reset, and the reset takes the answer back. Behind
   * nginx every third 413 was its own 502.
   */
  readRest(reply: FastifyReply): void;
}

/**
 * Cuts off with 408 what grows by less than 40 KiB in 10 s. Node knows one limit for the whole of a
 * request, which must leave time for a large result: a minute. One timer for all: one for each request,
 * and the listeners that end it, were 4 µs of a read.
 */
export function cutSlowBodies(app: FastifyInstance, clock: Clock): SlowBodies {
  const arriving = new Map<IncomingMessage, Arriving>();
  const timer = setInterval(() => sweep(arriving, clock.monotonic()), SWEEP_MS).unref();
  app.addHook('onClose', async () => clearInterval(timer));
  const begin = (reply: FastifyReply): Arriving => {
    const { bytesRead } = reply.request.raw.socket;
    return { seenBytes: bytesRead, lookAt: clock.monotonic() + LOOK_EVERY_MS, reply };
  };
  app.addHook('preParsing', ({ raw }, reply, payload, done) => {
    if (!raw.complete) arriving.set(raw, { ...begin(reply), payload });
    done(null, payload);
  });
  // What came whole is not kept until the next sweep: there may be thousands of them by then.
  app.addHook('preValidation', ({ raw }, _reply, done) => {
    arriving.delete(raw);
    done();
  });
  const readRest = (reply: FastifyReply) => {
    const { raw } = reply.request;
    if (raw.complete) return;
    const { seenBytes, lookAt } = arriving.get(raw) ?? begin(reply);
    const endBytes = raw.socket.bytesRead + MAX_REST_BYTES;
    arriving.set(raw, { seenBytes, lookAt, reply, endBytes });
    // What Node ends a connection with, once the answer has left.
    raw.socket.destroySoon = () => void raw.socket.end();
  };
  return { readRest };
}

function sweep(arriving: Map<IncomingMessage, Arriving>, now: number): void {
  for (const [raw, body] of arriving) {
    if (raw.complete || raw.destroyed) settle(arriving, raw);
    else if (raw.socket.bytesRead > (body.endBytes ?? Infinity)) raw.socket.destroy();
    else if (now >= body.lookAt) look(arriving, raw, body);
  }
}

/** All of it is there: a connection that was to end does. */
function settle(arriving: Map<IncomingMessage, Arriving>, raw: IncomingMessage): void {
  const { socket } = raw;
  arriving.delete(raw);
  delete (socket as Partial<typeof socket>).destroySoon;
  if (socket.writableEnded) socket.destroySoon();
}

function look(arriving: Map<IncomingMessage, Arriving>, raw: IncomingMessage, body: Arriving) {
  const { bytesRead } = raw.socket;
  const isSlow = bytesRead - body.seenBytes < MIN_BYTES;
  body.seenBytes = bytesRead;
  body.lookAt += LOOK_EVERY_MS;
  if (!isSlow) return;
  if (body.payload) {
    arriving.delete(raw);
    body.reply.header('connection', 'close');
    body.payload.emit('error', new JobgateError('request_timeout', 'The body arrived too slowly'));
  } else if (body.reply.raw.writableFinished) {
    // Not before: behind an answer that is held back, nothing of it is read until that is out.
    raw.socket.destroy();
  }
}
