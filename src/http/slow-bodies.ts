// Bodies that trickle in: cut off with 408, long before the time that a large one on a slow line may take.
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Clock } from '../contract/clock.ts';
import { JobgateError } from '../contract/errors.ts';

/** A body is looked at this often, milliseconds, and must then have grown by so much. */
const LOOK_EVERY_MS = 10_000;
const MIN_BYTES = 40 * 1024;

/** How often it is seen whose time to be looked at has come: few at once, however many there are. */
const SWEEP_MS = 20;

/** A body on its way: what of it had come when it was looked at last, and when it will be again. */
interface Arriving {
  seenBytes: number;
  lookAt: number;
  payload: { emit(event: 'error', error: Error): boolean };
  reply: FastifyReply;
}

/**
 * Node knows one limit for the whole of a request, which must leave time for a large result: a
 * minute. One timer for all: one for each request, and the listeners that end it, were 4 µs of a read.
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
    // Answered before it was whole: nobody listens for its end any more.
    if (raw.complete || raw.destroyed || body.reply.sent) arriving.delete(raw);
    else if (now >= body.lookAt) look(arriving, raw, body);
  }
}

function look(arriving: Map<IncomingMessage, Arriving>, raw: IncomingMessage, body: Arriving) {
  const { bytesRead } = raw.socket;
  const isSlow = bytesRead - body.seenBytes < MIN_BYTES;
  body.seenBytes = bytesRead;
  body.lookAt += LOOK_EVERY_MS;
  if (!isSlow) return;
  arriving.delete(raw);
  body.reply.header('connection', 'close');
  body.payload.emit('error', new JobgateError('request_timeout', 'The body arrived too slowly'));
}
