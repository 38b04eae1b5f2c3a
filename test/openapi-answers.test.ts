// The check that every answer in the tests goes through: it must notice what is not as documented.
import { expect, it } from 'vitest';
import { assertDocumented } from './openapi-answers.ts';

const STATUS = '/v1/toolkit/job/status';
const UNAUTHORIZED = { error: 'Unauthorized', code: 401 };

function check(path: string, status: number, json: unknown, type = 'application/json') {
  const headers = new Headers({ 'content-type': `${type}; charset=utf-8` });
  assertDocumented('POST', path, { status, headers, text: JSON.stringify(json), json });
}

it('passes what is documented', () => {
  expect(() => check(STATUS, 401, UNAUTHORIZED)).not.toThrow();
});

it('passes paths that are not in the document', () => {
  expect(() => check('/nowhere', 404, {})).not.toThrow();
});

it.each([
  ['a status', 418, UNAUTHORIZED, 'application/json', 'which openapi.json does not have'],
  ['a type', 401, UNAUTHORIZED, 'text/html', 'as "text/html"'],
  ['a body', 401, { error: 'Unauthorized' }, 'application/json', 'with another body'],
  ['an envelope', 200, { endpoint: STATUS }, 'application/json', 'with another body'],
])('refuses %s that is not documented', (_, status, json, type, message) => {
  expect(() => check(STATUS, status, json, type)).toThrow(message);
});
