// Bodies on their way: those that trickle in are cut off, what is left of one too large is read.
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Clock } from '../contract/clock.ts';
import { JobgateError } from '../contract/errors.ts';

/** A body is looked at this often, milliseconds, and must then have grown by so much. */
const LOOK_EVERY_MS = 10_000;
const MIN_BYTES = 40 * 1024;

/**
 * Of a body that is too large, so much more is read and dropped, in bytes: more than a proxy lets through.
 * Who still sends when the connection ends loses the answer: behind nginx every third 413 was its own 502.
 */
const MAX_REST_BYTES = 32 * 1024 * 1024;

/** How often it is seen whose time to be looked at has come: few at once, however many there are. */
const SWEEP_MS = 20;

/** A body on its way: what of it had come when it was looked at last, and when it will be again. */
interface Arriving {
  seenBytes: number;
  lookAt: number;
  payload: { emit(event: 'error', error: Error): boolean };
  reply: FastifyReply;
  /** Once it is answered: what may come at the most. */
  endBytes?: number;
}

/**
 * Cuts off with 408 what grows by less than 40 KiB in 10 s. Node knows one limit for the whole of a
 * request, which must leave time for a large result: a minute. One timer for all: one for each request,
 * and the listeners that end it, were 4 µs of a read.
 */
export function cutSlowBodies(app: FastifyInstance, clock: Clock): void {
  const arriving = new Map<IncomingMessage, Arriving>();
  const timer = setInterval(() => sweep(arriving, clock.monotonic()), SWEEP_MS).unref();
  app.addHook('onClose', async () => clearInterval(timer));
  app.addHook('preParsing', ({ raw }, reply, payload, done) => {
    if (!raw.complete) {
      const lookAt = clock.monotonic() + LOOK_EVERY_MS;
      arriving.set(raw, { seenBytes: raw.socket.bytesRead, lookAt, payload, reply });
    }
    done(null, payload);
  });
  // What came whole is not kept until the next sweep: there may be thousands of them by then.
  app.addHook('preValidation', ({ raw }, _reply, done) => {
    arriving.delete(raw);
    done();
  });
}

function sweep(arriving: Map<IncomingMessage, Arriving>, now: number): void {
  for (const [raw, body] of arriving) {
    if (raw.complete || raw.destroyed) arriving.delete(raw);
    else if (body.reply.sent && isTooMuch(raw, body)) raw.socket.destroy();
    else if (now >= body.lookAt) look(arriving, raw, body);
  }
}

function isTooMuch({ socket }: IncomingMessage, body: Arriving): boolean {
  body.endBytes ??= socket.bytesRead + MAX_REST_BYTES;
  return socket.bytesRead > body.endBytes;
}

function look(arriving: Map<IncomingMessage, Arriving>, raw: IncomingMessage, body: Arriving) {
  const { bytesRead } = raw.socket;
  const isSlow = bytesRead - body.seenBytes < MIN_BYTES;
  body.seenBytes = bytesRead;
  body.lookAt += LOOK_EVERY_MS;
  if (!isSlow) return;
  arriving.delete(raw);
  // Answered before it was whole: nobody listens for its end any more.
  if (body.reply.sent) raw.socket.destroy();
  else refuse(body);
}

function refuse({ reply, payload }: Arriving): void {
  reply.header('connection', 'close');
  payload.emit('error', new JobgateError('request_timeout', 'The body arrived too slowly'));
}

/** Lets the caller of a body that is too large send the rest of it, and so come to read why. */
export function readRest(reply: FastifyReply, { code }: JobgateError): void {
  // Fastify closes the connection after what it could not parse.
  if (code === 'payload_too_large') reply.removeHeader('connection');
}
