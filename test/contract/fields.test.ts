// The fields: what they take, what they refuse, and that text comes back as it went in.
import {
  check,
  dictionary,
  jsonValue,
  property,
  string,
  stringMatching,
  type Arbitrary,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  callerId,
  endpointPath,
  jobId,
  payload,
  progress,
  result,
  storedText,
  timestamp,
} from '../../src/contract/fields.ts';
import { MAX_JSON_DEPTH } from '../../src/contract/json-text.ts';

function expectAll<T>(values: Arbitrary<T>, predicate: (value: T) => boolean): void {
  expect(check(property(values, predicate))).toMatchObject({ failed: false });
}

describe('job_id', () => {
  it('is a UUID of any version and either case, read in lower case', () => {
    expectAll(stringMatching(/^[0-9a-fA-F]{32}$/), (hex) => {
      const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
      return jobId.parse(id) === id.toLowerCase();
    });
  });

  it('is nothing else', () => {
    expectAll(string(), (text) => !jobId.safeParse(text).success);
  });
});

describe('stored text', () => {
  it('is any well-formed Unicode without NUL', () => {
    const text = string({ unit: 'binary', maxLength: 100 }).filter((s) => !s.includes('\0'));
    expectAll(text, (s) => storedText(255).parse(s) === s);
  });

  it.each(['\0', 'a\0', '\ud800', '\udc00\ud800', 'x'.repeat(256)])('is not %j', (text) => {
    expect(callerId.safeParse(text).success).toBe(false);
  });
});

describe('endpoint', () => {
  it.each(['/a', '/v1/media/transcribe', '/a.b/c-d_e~f:g@h'])('may be %s', (path) => {
    expect(endpointPath.parse(path)).toBe(path);
  });

  it.each(['', '/', 'a', '//', '/a/', '/a b', '/a?b', '/a#b', '/a%20b', '/a\n'])(
    'may not be %j',
    (path) => expect(endpointPath.safeParse(path).success).toBe(false),
  );

  it('is checked in a time that does not explode', () => {
    const begun = performance.now();
    expect(endpointPath.safeParse(`${'/a'.repeat(120)}!`).success).toBe(false);
    expect(performance.now() - begun).toBeLessThan(100);
  });
});

describe('a payload', () => {
  it('is any JSON object, the same object', () => {
    expectAll(dictionary(string(), jsonValue()), (value) => payload.parse(value) === value);
  });

  it.each([null, [], 'text', 1, true, undefined])('is not %j', (value) => {
    expect(payload.safeParse(value).success).toBe(false);
  });

  it('is nested as deep as can be stored, and no deeper', () => {
    expect(payload.safeParse(nested(MAX_JSON_DEPTH)).success).toBe(true);
    expect(payload.safeParse(nested(MAX_JSON_DEPTH + 1)).success).toBe(false);
  });

  function nested(depth: number): unknown {
    return JSON.parse('{"a":'.repeat(depth) + '1' + '}'.repeat(depth));
  }
});

describe('a result', () => {
  it('is any JSON value', () => {
    expectAll(jsonValue(), (value) => Object.is(result.parse(value), value));
  });

  it.each([undefined, Infinity, [Number.NaN], { a: -Infinity }])('is not %j', (value) => {
    expect(result.safeParse(value).success).toBe(false);
  });
});

describe('the rest', () => {
  it('bounds progress, and knows no other field of it', () => {
    const full = { percent: 100, phase: 'x', message: 'y', eta_seconds: 0 };
    expect(progress.parse(full)).toEqual(full);
    for (const bad of [{ percent: 100.1 }, { percent: -1 }, { eta_seconds: -1 }, { pct: 1 }]) {
      expect(progress.safeParse(bad).success).toBe(false);
    }
  });

  it('takes whole milliseconds only', () => {
    expect(timestamp.parse(0)).toBe(0);
    for (const bad of [-1, 0.5, 2 ** 53, '1']) expect(timestamp.safeParse(bad).success).toBe(false);
  });
});
