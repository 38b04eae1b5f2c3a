// Framing and smuggling: where one request ends and the next begins.
import { chunked, CRLF, once, post, SMUGGLED, type SocketCase } from './socket-case.ts';

const FRAMING: SocketCase[] = [
  post('length and chunks', ['Content-Length: 4', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
  post('chunks and length', ['Transfer-Encoding: chunked', 'Content-Length: 4'], '0\r\n\r\n'),
  post('two lengths that differ', ['Content-Length: 22', 'Content-Length: 5']),
  post('two lengths that agree', ['Content-Length: 22', 'Content-Length: 22']),
  post('a list of lengths', ['Content-Length: 22, 22']),
  post('a negative length', ['Content-Length: -1']),
  post('a length with a sign', ['Content-Length: +22']),
  post('a length in hexadecimal', ['Content-Length: 0x16']),
  post('a length with a fraction', ['Content-Length: 22.0']),
  post('a length in other digits', ['Content-Length: ２２']),
  post('a length with letters', ['Content-Length: 22a']),
  post('a length with a space inside', ['Content-Length: 2 2']),
  post('an empty length', ['Content-Length:']),
  post('a length beyond 64 bits', ['Content-Length: 99999999999999999999999']),
  post('a length beyond the limit', ['Content-Length: 99999999999']),
  post('an unknown transfer coding', ['Transfer-Encoding: rot13']),
  post('identity as a transfer coding', ['Transfer-Encoding: identity']),
  post('chunked not the last', ['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'),
  post('chunked twice', ['Transfer-Encoding: chunked, chunked'], '0\r\n\r\n'),
  post('chunked in quotes', ['Transfer-Encoding: "chunked"'], '0\r\n\r\n'),
  post('chunked after a tab and a letter', ['Transfer-Encoding: \tx chunked'], '0\r\n\r\n'),
  post('xchunked', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'),
  post('a coding with a vertical tab', ['Transfer-Encoding: \u000bchunked'], '0\r\n\r\n'),
  post('a space before the colon of a coding', ['Transfer-Encoding : chunked'], '0\r\n\r\n'),
  post(
    'a coding and a coding',
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
    '0\r\n\r\n',
  ),
  post('an underscore for the hyphen', ['Content_Length: 22']),
];

const CHUNKS: SocketCase[] = [
  chunked('a chunk size that is none', `zz${CRLF}{}${CRLF}`),
  chunked('a negative chunk size', `-1${CRLF}{}${CRLF}`),
  chunked('a chunk size with 0x', `0x2${CRLF}{}${CRLF}0${CRLF}${CRLF}`),
  chunked('a chunk size with a space before', ` 2${CRLF}{}${CRLF}0${CRLF}${CRLF}`),
  chunked('a chunk size beyond 64 bits', `fffffffffffffffff${CRLF}{}${CRLF}`),
  chunked('a chunk longer than it says', `2${CRLF}{}{}${CRLF}0${CRLF}${CRLF}`),
  chunked('an empty chunk size', `${CRLF}{}${CRLF}`),
  chunked('a chunk size ended by a bare LF', `2\n{}\n0\n\n`),
  chunked('a chunk size ended by a bare CR', `2\r{}\r0\r\r`),
  chunked('a huge chunk extension', `2;${'x'.repeat(100_000)}${CRLF}{}${CRLF}`),
  chunked('a chunk extension with a LF', `2;a\nb${CRLF}{}${CRLF}0${CRLF}${CRLF}`),
  chunked(
    'a body of one-byte chunks that is no JSON',
    `1${CRLF}{${CRLF}`.repeat(2000) + `0${CRLF}${CRLF}`,
  ),
  chunked('trailers without end', `0${CRLF}${`x: ${'y'.repeat(100)}${CRLF}`.repeat(1000)}`),
  chunked('a trailer that is none', `2${CRLF}{}${CRLF}0${CRLF}no colon${CRLF}${CRLF}`),
  chunked(
    'a body that is over the limit',
    `${(2 ** 21).toString(16)}${CRLF}${'x'.repeat(2 ** 21)}`,
  ),
  chunked('chunks that end in the middle', `16${CRLF}{"endpoint"`),
];

const SMUGGLING: SocketCase[] = [
  post(
    'a request in a body, by chunks and length',
    ['Content-Length: 6', 'Transfer-Encoding: chunked'],
    `0${CRLF}${CRLF}${SMUGGLED}`,
  ),
  post(
    'a request in a body, by an odd coding',
    ['Transfer-Encoding: xchunked', 'Content-Length: 4'],
    `0${CRLF}${CRLF}${SMUGGLED}`,
  ),
  post(
    'a request in a body, by two lengths',
    ['Content-Length: 0', 'Content-Length: 44'],
    SMUGGLED,
  ),
  once('a request after a broken one', `GET /%zz HTTP/1.1${CRLF}a${CRLF}${CRLF}${SMUGGLED}`),
  post('another Host in the body', ['Content-Length: 5'], `Host:${CRLF}${CRLF}`),
];

export const FRAMING_CASES = [...FRAMING, ...CHUNKS, ...SMUGGLING];
