// What an HTTP client can send and no schema allows for: bodies, headers, content types, queries.
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';

const DEEP = 20_000;

/** With the limits of the trial's gateway one is over the limit of every body. */
const HUGE = 200_000;

const RAW: readonly (string | Buffer)[] = [
  '',
  ' ',
  '\ufeff',
  '\ufeff{}',
  '{',
  '{}}',
  '{"job_id":',
  '[]',
  '[{}]',
  '"text"',
  'null',
  'true',
  '0',
  'NaN',
  'undefined',
  "{'job_id':'x'}",
  '{"job_id":NaN}',
  '{"job_id":1e400}',
  '{"wait_seconds":1e400,"payload":{"a":-1e400}}',
  '{"priority":123456789012345678901234567890}',
  '{"__proto__":{"admin":true}}',
  '{"payload":{"__proto__":1},"endpoint":"/a"}',
  '{"\\u005f_proto__":1}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"constructor":1}',
  '{"job_id":"\\ud800"}',
  '{"job_id":"\\u0000","job_id":"\\u0000"}',
  '{"endpoint":"/a","endpoint":"/b"}',
  '{"endpoint":"/a","payload":{"\\ud800\\u0000":"\\udfff"}}',
  '{"endpoint":"/a\\n","payload":[]}',
  `{"endpoint":"/a","payload":{"a":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}}`,
  '{"a":'.repeat(DEEP),
  '['.repeat(DEEP),
  `{"result":${'[{"a":'.repeat(600)}1${'}]'.repeat(600)}}`,
  `{"id":"${'x'.repeat(HUGE)}"}`,
  `{"job_ids":[${Array.from({ length: 3000 }, (_, i) => i).join()}]}`,
  `{${Array.from({ length: 3000 }, (_, i) => `"k${i}":1`).join()}}`,
  `{"id":"x"}${' '.repeat(60_000)}`,
  'job_id=x&job_id=y',
  '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
  Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]),
  Buffer.from('{"id":"\xff"}', 'latin1'),
  Buffer.from([0x7b, 0x22, 0x69, 0x64, 0x22, 0x3a, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x7d]),
  Buffer.alloc(64),
  gzipSync('{}'),
];

/** Some of those, and good texts that are cut off, sent twice, or changed in one character. */
export function hostileBodies(good: fc.Arbitrary<string>): fc.Arbitrary<string | Buffer> {
  const cut = fc.tuple(good, fc.nat()).map(([text, at]) => text.slice(0, at % text.length));
  const doubled = good.map((text) => text + text);
  const marked = good.map((text) => `\ufeff${text}`);
  const spoiled = fc
    .tuple(good, fc.nat(), fc.constantFrom('\0', '"', '{', ']', ',', '\\', '\ud800', '\u2028'))
    .map(
      ([text, at, mark]) =>
        `${text.slice(0, at % text.length)}${mark}${text.slice(at % text.length)}`,
    );
  return fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...RAW) },
    cut,
    doubled,
    marked,
    spoiled,
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  );
}

const WORDS = [
  '',
  ' ',
  ',',
  '"',
  '*',
  'null',
  '-1',
  '1e9',
  '0x10',
  'a'.repeat(3000),
  '\xff\xfe',
  '__proto__',
];

/** None asks for a long wait: with `wait=9` the program would sit there. */
const VALUES: Record<string, readonly string[]> = {
  prefer: [
    'wait',
    'wait=',
    'wait=-1',
    'wait=0',
    'wait=1.5',
    'wait="',
    'respond-async, wait=0',
    'wait="0";x=";,',
  ],
  'if-none-match': ['*', 'W/"', '"a", "b"', 'W/"x"'.repeat(300), '"\xe9"'],
  'idempotency-key': ['order-1', ' order ', 'x'.repeat(256), '"quoted"', '\xe9'],
  'last-event-id': ['0', '-1', '1.5', '999999999999999', '9'.repeat(40), 'NaN'],
  accept: ['text/event-stream', 'application/xml', 'text/html;q=x', '*/*;q=0'],
  'accept-encoding': ['gzip, br', 'identity;q=0'],
  'x-forwarded-for': ['127.0.0.1', '::1, x'],
  'x-forwarded-host': ['evil.example'],
  'x-http-method-override': ['DELETE', 'GET'],
  'trpc-accept': ['application/jsonl'],
  range: ['bytes=0-1', 'bytes=-'],
  cookie: ['a=b; __proto__=1'],
  authorization: ['Basic YTpi', 'Bearer x'],
  origin: ['null', 'https://evil.example'],
  host: ['', 'evil.example:99999', 'a b'],
  'x-api-key': ['again'],
  'x-filler': ['f'.repeat(20_000)],
};

const oneHeader = fc
  .constantFrom(...Object.entries(VALUES))
  .chain(([name, values]) =>
    fc.tuple(
      fc.constant(name),
      fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...values) }, fc.constantFrom(...WORDS)),
    ),
  );

/** One to three, name and value by turns, all of them twice at times: but a client has one Host. */
export const hostileHeaders: fc.Arbitrary<string[]> = fc
  .uniqueArray(oneHeader, { minLength: 1, maxLength: 3, selector: ([name]) => name })
  .chain((headers) =>
    fc.constantFrom(headers, [...headers, ...headers.filter(([name]) => name !== 'host')]),
  )
  .map((headers) => headers.flat());

interface OtherType {
  headers: string[];
  /** Undefined where more than one is right. */
  status: number | undefined;
}

const REFUSED_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/jsonp',
  'application/json; charset=latin1',
  'application/json; charset=utf-16',
  'application/json, text/plain',
  'json',
  '*/*',
  '',
  'a'.repeat(4000),
];

const TAKEN_TYPES = [
  'APPLICATION/JSON',
  'application/json;charset=UTF-8',
  'application/vnd.a+json',
];

const refused = REFUSED_TYPES.map((type) => ({ headers: ['content-type', type], status: 415 }));

/** Which are taken is told by their not being refused; nothing is ever unpacked. */
const others: OtherType[] = [
  ...refused,
  ...TAKEN_TYPES.map((type) => ({ headers: ['content-type', type], status: undefined })),
  { headers: [], status: 415 },
  ...['gzip', 'br', 'x'].map((coding) => ({
    headers: ['content-type', 'application/json', 'content-encoding', coding],
    status: undefined,
  })),
];

export const otherTypes: fc.Arbitrary<OtherType> = fc.constantFrom(...others);

const QUERIES = [
  '',
  '=',
  '&&&',
  'job_id',
  'job_id=',
  'job_id=a&job_id=b',
  'job_id[]=a',
  'job_id[a]=b',
  'a[]=1&a[]=2',
  '__proto__=1',
  '__proto__[x]=1',
  'constructor[prototype][x]=1',
  'toString=1',
  'job_id=%00',
  'job_id=%ff%fe',
  'job_id=%',
  'job_id=%zz',
  '%E0%A4%A=1',
  'job_id=%ed%a0%80',
  'wait_seconds=0&wait_seconds=0',
  'wait_seconds=1e400',
  'wait_seconds=-0',
  'version=9007199254740993',
  'x-api-key=a',
  'input=%7B%7D',
  'batch=1',
  `a=${'b'.repeat(5000)}`,
  `a=${'b'.repeat(13_000)}`,
  'a=b&'.repeat(1500),
  'q=caf\xe9',
];

export const hostileQueries: fc.Arbitrary<string> = fc.constantFrom(...QUERIES);
