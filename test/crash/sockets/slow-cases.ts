// Slow ones: heads and bodies that do not come, or come byte by byte; answers that are not taken.
import {
  CRLF,
  lines,
  once,
  repeat,
  signed,
  slowly,
  SUBMIT,
  type SocketCase,
} from './socket-case.ts';

/** The first bytes of a submission whose body is announced and does not come. */
const headOnly = (key: string, length: number) =>
  lines(`POST ${SUBMIT} HTTP/1.1`, [...signed(key), `Content-Length: ${length}`]);

export const SLOW_CASES: SocketCase[] = [
  once('nothing at all', ''),
  once('one byte', 'G'),
  once('a start line only', `GET /healthz HTTP/1.1${CRLF}`),
  once('headers without an end', `GET /healthz HTTP/1.1${CRLF}Host: x${CRLF}`),
  slowly(
    'a header every 500 ms',
    () => repeat(`GET /healthz HTTP/1.1${CRLF}Host: x${CRLF}`, `a: b${CRLF}`, 60),
    500,
  ),
  slowly(
    'a byte of a header every 200 ms',
    () => repeat(`GET /healthz HTTP/1.1${CRLF}a: `, 'x', 150),
    200,
  ),
  slowly('a byte of the start line every 200 ms', () => repeat('GET /', 'x', 150), 200),
  slowly('an empty line every second before anything', () => repeat(CRLF, CRLF, 30), 1000),
  slowly('a byte of the body every 100 ms', (key) => repeat(headOnly(key, 1000), ' ', 300), 100),
  slowly(
    'a kilobyte of the body every second',
    (key) => repeat(headOnly(key, 900_000), ' '.repeat(1000), 30),
    1000,
  ),
  { name: 'no byte of the body', attack: ({ write, key }) => write(headOnly(key, 100)) },
  {
    name: 'no byte of the body after 100-continue',
    attack: ({ write, key }) =>
      write(
        lines(`POST ${SUBMIT} HTTP/1.1`, [
          ...signed(key),
          'Expect: 100-continue',
          'Content-Length: 100',
        ]),
      ),
  },
  slowly(
    'a chunk of one byte every 100 ms',
    (key) =>
      repeat(
        lines(`POST ${SUBMIT} HTTP/1.1`, [...signed(key), 'Transfer-Encoding: chunked']),
        `1${CRLF} ${CRLF}`,
        300,
      ),
    100,
  ),
  slowly(
    'a chunk size that goes on',
    (key) =>
      repeat(
        lines(`POST ${SUBMIT} HTTP/1.1`, [...signed(key), 'Transfer-Encoding: chunked'], '1;'),
        'x',
        300,
      ),
    100,
  ),
  slowly(
    'a trailer that goes on',
    (key) =>
      repeat(
        lines(
          `POST ${SUBMIT} HTTP/1.1`,
          [...signed(key), 'Transfer-Encoding: chunked'],
          `2${CRLF}{}${CRLF}0${CRLF}a: `,
        ),
        'x',
        300,
      ),
    100,
  ),
  slowly(
    'a body without a key',
    () => repeat(lines(`POST ${SUBMIT} HTTP/1.1`, ['Host: x', 'Content-Length: 1000']), ' ', 300),
    100,
  ),
  slowly(
    'a body for a path that is none',
    () => repeat(lines('POST /nowhere HTTP/1.1', ['Host: x', 'Content-Length: 1000']), ' ', 300),
    100,
  ),
  {
    name: 'half a request, half closed',
    attack: ({ write, end }) => {
      write('POST /v1/tool');
      end();
    },
  },
  {
    name: 'half a body, half closed',
    attack: ({ write, end, key }) => {
      write(`${headOnly(key, 100)}{"endp`);
      end();
    },
  },
  { name: 'half closed at once', attack: ({ end }) => end() },
  {
    // More than the kernel takes; who does not read learns of a reset by what he writes.
    ...slowly(
      'asks and never reads',
      () => repeat(lines('GET /docs/js/scalar.js HTTP/1.1', ['Host: x']).repeat(3), CRLF, 70),
      1000,
    ),
    neverReads: true,
  },
];
