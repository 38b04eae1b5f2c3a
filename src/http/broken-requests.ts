// Requests that Node refuses before Fastify sees them: they get our JSON too.
import type Http from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { JobgateError } from '../contract/errors.ts';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.ts';
import { errorBody, errorHeaders, JSON_TYPE, knownError, methodNotAllowed } from './errors.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Imported, Node would read all that node:http exports, and load undici for it: 45 ms of a start. */
const { STATUS_CODES } = createRequire(import.meta.url)('node:http') as typeof Http;

/** Told of every answer that went past Fastify. */
export type OnAnswer = (answer: { status: number; requestId: string }) => void;

/** What Node could not read as HTTP. Written to the socket by hand: there is no response object. */
export function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Socket,
  onAnswer: OnAnswer,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket))
    return void socket.destroy();
  const known =
    knownError(error, 0) ?? new JobgateError('bad_request', 'The request is not well-formed HTTP');
  const requestId = requestIdOf();
  writeLastAnswer(socket, known, requestId);
  onAnswer({ status: known.httpStatus, requestId });
}

/** An answer is on its way, such as a stream of events: another would come in the middle of it. */
function isAnswering(socket: Socket): boolean {
  // Node's own handler asks the same.
  const { _httpMessage: message } = socket as Socket & { _httpMessage?: ServerResponse | null };
  return message?.headersSent ?? false;
}

/** How long a client may take to close its side after the last answer on a connection. */
const LINGER_MS = 1000;

/**
 * A reset right after the answer could take it back, so the socket lingers; but not for as long as
 * the client likes: one that never closes would keep the descriptor, and hold up a stop.
 */
function writeLastAnswer(socket: Duplex, error: JobgateError, requestId: string): void {
  const body = JSON.stringify(errorBody(error));
  const headers = Object.entries({ ...SECURITY_HEADERS, ...errorHeaders(error) });
  const head = [
    `HTTP/1.1 ${error.httpStatus} ${STATUS_CODES[error.httpStatus]}`,
    `${REQUEST_ID_HEADER}: ${requestId}`,
    `Content-Type: ${JSON_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

/** Node closes a CONNECT without a word, whatever it names: it asks for a proxy. */
export function answerConnects(server: Server, onAnswer: OnAnswer): void {
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    // From here on Node listens no more: an error that nobody hears would end the process.
    socket.on('error', () => socket.destroy());
    const error = methodNotAllowed(['GET', 'HEAD', 'POST']);
    const requestId = requestIdOf(request.headers);
    writeLastAnswer(socket, error, requestId);
    onAnswer({ status: error.httpStatus, requestId });
  });
}

/** Node answers an `Expect` it does not know with an empty 417. */
export function answerExpectations(server: Server, onAnswer: OnAnswer): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const error = new JobgateError(
      'expectation_failed',
      'The only Expect that is met is 100-continue',
    );
    const body = JSON.stringify(errorBody(error));
    const requestId = requestIdOf(request.headers);
    response.writeHead(error.httpStatus, {
      [REQUEST_ID_HEADER]: requestId,
      ...errorHeaders(error),
      'content-type': JSON_TYPE,
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    });
    response.end(body);
    onAnswer({ status: error.httpStatus, requestId });
  });
}
