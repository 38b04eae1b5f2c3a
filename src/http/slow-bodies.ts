// Bodies that trickle in: cut off with 408, long before the time that a large one on a slow line may take.
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { JobgateError } from '../contract/errors.ts';

/** A body is looked at this often, milliseconds, and must then have grown by so much. */
const LOOK_EVERY_MS = 10_000;
const MIN_BYTES = 40 * 1024;

/**
 * Node knows one limit for the whole of a request, which must leave time for a large result: a
 * minute. Most bodies come with their head, and are never looked at.
 */
export function cutSlowBodies(app: FastifyInstance): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    const { raw } = request;
    if (!raw.complete) {
      watch(raw, () => {
        reply.header('connection', 'close');
        payload.emit('error', new JobgateError('request_timeout', 'The body arrived too slowly'));
      });
    }
    done(null, payload);
  });
}

/** Calls once when the body has not grown enough; never when it is whole or gone. */
function watch(raw: IncomingMessage, onSlow: () => void): void {
  const { socket } = raw;
  let seen = socket.bytesRead;
  const timer = setInterval(() => {
    const isSlow = socket.bytesRead - seen < MIN_BYTES;
    seen = socket.bytesRead;
    if (!isSlow) return;
    stop();
    onSlow();
  }, LOOK_EVERY_MS);
  const stop = () => clearInterval(timer);
  raw.once('end', stop).once('error', stop).once('close', stop);
}
