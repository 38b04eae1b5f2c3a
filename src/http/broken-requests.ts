// Requests that Node refuses before Fastify sees them: they get our JSON too.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { JobgateError } from '../contract/errors.ts';
import { errorBody, JSON_TYPE, knownError } from './errors.ts';

/** What Node could not read as HTTP. Written to the socket by hand: there is no response object. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const known =
    knownError(error, 0) ?? new JobgateError('bad_request', 'The request is not well-formed HTTP');
  const body = JSON.stringify(errorBody(known));
  const head = [
    `HTTP/1.1 ${known.httpStatus} ${REASONS[known.httpStatus] ?? 'Bad Request'}`,
    `Content-Type: ${JSON_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const REASONS: Record<number, string> = {
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Node answers an `Expect` it does not know with an empty 417. */
export function answerExpectations(server: Server): void {
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const error = new JobgateError(
      'expectation_failed',
      'The only Expect that is met is 100-continue',
    );
    const body = JSON.stringify(errorBody(error));
    response.writeHead(error.httpStatus, {
      'content-type': JSON_TYPE,
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    });
    response.end(body);
  });
}
