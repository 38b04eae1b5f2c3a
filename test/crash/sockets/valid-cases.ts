// Requests that are as they should be, some of them odd: a gateway that refused all would pass the others.
import {
  BODY,
  CRLF,
  get,
  lines,
  once,
  post,
  signed,
  slowly,
  SMUGGLED,
  SUBMIT,
  valid,
  type SocketCase,
} from './socket-case.ts';

export const VALID_CASES: SocketCase[] = [
  valid(get('a plain request', 'Connection: close')),
  valid(
    get(
      'many headers that fit',
      'Connection: close',
      ...Array.from({ length: 500 }, (_, i) => `a${i}: x`),
    ),
  ),
  valid(get('a value of UTF-8', 'Connection: close', 'a: naïve')),
  valid(
    get(
      'an Upgrade that is not taken',
      'Connection: Upgrade, close',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
    ),
  ),
  valid(once('HTTP/1.0 without Host', lines('GET /healthz HTTP/1.0', []))),
  valid(
    once(
      'empty lines before the request',
      `${CRLF}${CRLF}${lines('GET /healthz HTTP/1.1', ['Host: x', 'Connection: close'])}`,
    ),
  ),
  valid(
    once(
      'twenty requests in one write',
      `${SMUGGLED.repeat(19)}${lines('GET /healthz HTTP/1.1', ['Host: x', 'Connection: close'])}`,
    ),
  ),
  valid(post('a submission', ['Connection: close', 'Content-Length: 22'])),
  valid(
    post(
      'a submission in chunks',
      ['Connection: close', 'Transfer-Encoding: chunked'],
      `16${CRLF}${BODY}${CRLF}0${CRLF}${CRLF}`,
    ),
  ),
  valid(
    post(
      'a submission in chunks with an extension',
      ['Connection: close', 'Transfer-Encoding: chunked'],
      `16;a=b${CRLF}${BODY}${CRLF}0${CRLF}${CRLF}`,
    ),
  ),
  valid(
    slowly(
      'a submission in two halves, a second apart',
      (key) => [
        lines(
          `POST ${SUBMIT} HTTP/1.1`,
          [...signed(key), 'Connection: close', 'Content-Length: 22'],
          BODY.slice(0, 9),
        ),
        BODY.slice(9),
      ],
      1000,
    ),
  ),
];
