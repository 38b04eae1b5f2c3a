// The body parser: which content types are JSON, and which bytes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAnswer, UNKNOWN_ID } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';

const PATH = '/v1/toolkit/job/status';
const FINE = `{"job_id":"${UNKNOWN_ID}"}`;

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

const send = (rawBody: string | Uint8Array<ArrayBuffer>, type?: string, path = PATH) =>
  gateway.request('POST', path, {
    key: gateway.keys.admin,
    rawBody,
    headers: type === undefined ? {} : { 'content-type': type },
  });

describe('JSON', () => {
  it.each([
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json; charset=UTF-8',
    'application/json ; charset="utf-8"',
    'application/json;',
    'application/problem+json',
    'application/vnd.api+json; charset=utf-8',
  ])('is %s', async (type) => {
    expect((await send(FINE, type)).status).toBe(404);
  });

  it.each([
    undefined,
    'text/json',
    'text/plain',
    'application/jsonp',
    'application/xml',
    'application/json; charset=utf-16',
    'application/json; charset=latin1',
    'application/octet-stream',
    'application/',
    'json',
    ', application/json',
  ])('is not %s', async (type) => {
    const error = 'The body must be sent as Content-Type: application/json';
    expectAnswer(await send(FINE, type), 415, { error, code: 415 });
  });
});

describe('400', () => {
  it.each([
    ['bytes that are not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 'The body is not UTF-8'],
    [
      'a surrogate in UTF-8',
      new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]),
      'The body is not UTF-8',
    ],
    ['UTF-16', new Uint8Array(Buffer.from('\ufeff{}', 'utf16le')), 'The body is not UTF-8'],
    ['a comment', '{/**/}', 'The body is not valid JSON'],
    ['a comma too many', '{"a":1,}', 'The body is not valid JSON'],
    ['NaN', '{"a":NaN}', 'The body is not valid JSON'],
    ['a raw NUL', '{"a":"\0"}', 'The body is not valid JSON'],
    ['deep nesting cut off', '['.repeat(200_000), 'The body is not valid JSON'],
    ['__proto__', '{"__proto__":{"job_id":1}}', POISONED()],
    ['__proto__ in escapes', String.raw`{"\u005f_proto__":{"a":1}}`, POISONED()],
    ['__proto__ deep inside', '{"payload":[{"a":{"__proto__":null}}]}', POISONED()],
    ['constructor.prototype', '{"constructor":{"prototype":{"a":1}}}', POISONED()],
  ])('for %s', async (_what, body, message) => {
    const answer = await send(body, 'application/json', '/v1/toolkit/job/submit');
    const issues = [{ path: '', message }];
    expectAnswer(answer, 400, { error: `Invalid payload: ${message}`, code: 400, issues });
    const over = await send(body, 'application/json', '/trpc/job.submit');
    expect(over).toMatchObject({
      status: 400,
      json: { error: { data: { code: 'BAD_REQUEST', issues } } },
    });
    expect(({} as any).job_id).toBeUndefined();
  });

  it('takes 100,000 levels where they are ignored, and the last of equal keys', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const body = `{"job_id":1,"x":${deep},"job_id":"${UNKNOWN_ID}"}`;
    expect((await send(body, 'application/json')).status).toBe(404);
  });
});

describe('a byte order mark', () => {
  it('is no part of the body', async () => {
    expect((await send(`\ufeff${FINE}`, 'application/json')).status).toBe(404);
    const job = '\ufeff{"endpoint":"/cut"}';
    expect((await send(job, 'application/json', '/v1/toolkit/job/submit')).status).toBe(202);
    expect((await send(job, 'application/json', '/trpc/job.submit')).status).toBe(200);
  });

  it.each(['/v1/toolkit/job/submit', '/trpc/job.submit'])('is there once at %s', async (path) => {
    expect((await send('\ufeff\ufeff{"endpoint":"/cut"}', 'application/json', path)).status).toBe(
      400,
    );
  });
});

function POISONED(): string {
  return 'The body names a forbidden property (__proto__ or constructor.prototype)';
}
