// The payload of a submission: what is read, and what is refused in one line.
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/command-error.ts';
import { readPayload, type PayloadFlags } from '../../src/cli/payload.ts';

it('is an empty object where none is given', async () => {
  expect(await readPayload({})).toEqual({});
});

it('keeps what JSON says', async () => {
  const text = '{"__proto__": 1, "a": [null, 0.1, "\\ud83d"]}';
  const read = await readPayload({ payload: text });
  expect(JSON.stringify(read)).toBe('{"__proto__":1,"a":[null,0.1,"\\ud83d"]}');
});

describe('is refused', () => {
  it.each<[string, PayloadFlags, RegExp]>([
    ['when it is cut short', { payload: '{"a": ' }, /^--payload is not JSON: /],
    ['when it is an array', { payload: '[1]' }, /must be a JSON object/],
    ['when it is null', { payload: 'null' }, /must be a JSON object/],
    ['when it is empty', { 'payload-file': '/dev/null' }, /is empty/],
    ['when there is no such file', { 'payload-file': '/none/x' }, /cannot be read: ENOENT/],
    ['when it is a folder', { 'payload-file': '/' }, /cannot be read: EISDIR/],
    ['when it has no end', { 'payload-file': '/dev/zero' }, /larger than any gateway takes/],
    ['when there are two', { payload: '{}', 'payload-file': '-' }, /not both/],
    ['when it is long and no JSON', { payload: 'x\n'.repeat(10_000) }, /^.{1,200}$/],
  ])('%s', async (_when, flags, about) => {
    const refused = await readPayload(flags).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as Error).message).toMatch(about);
  });
});
