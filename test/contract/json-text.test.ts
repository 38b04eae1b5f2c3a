// JSON kept as text: composed without parsing, and always what JSON.stringify would have made.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeJson, jsonFault, JsonText, MAX_JSON_DEPTH } from '../../src/contract/json-text.ts';

describe('composing', () => {
  it('says what JSON.stringify says, for any fields', () => {
    const fields = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
    fc.assert(
      fc.property(fields, (values) => {
        const spliced = Object.fromEntries(
          Object.entries(values).map(([key, value]) => [key, JsonText.of(value)]),
        );
        const expected = JSON.stringify(values);
        expect(composeJson(values).text).toBe(expected);
        expect(composeJson(spliced).text).toBe(expected);
      }),
    );
  });

  it('splices a text in as it is', () => {
    const text = '{"b" : 1.0, "a":"\\u0041"}';
    expect(composeJson({ id: null, result: new JsonText(text) }).text).toBe(
      `{"id":null,"result":${text}}`,
    );
  });

  it('leaves out what is undefined, and makes null of what is no JSON number', () => {
    expect(composeJson({}).text).toBe('{}');
    expect(composeJson({ a: undefined }).text).toBe('{}');
    expect(composeJson({ a: undefined, b: 1 }).text).toBe('{"b":1}');
    expect(composeJson({ a: Number.NaN, b: Infinity, c: -0, d: 1e21 }).text).toBe(
      '{"a":null,"b":null,"c":0,"d":1e+21}',
    );
  });

  it('keeps apart more names than it remembers', () => {
    for (let i = 0; i < 3000; i += 1) {
      expect(composeJson({ [`name "${i}"`]: i }).text).toBe(`{"name \\"${i}\\"":${i}}`);
    }
  });

  it('a text is parsed where JSON.stringify meets it', () => {
    expect(JSON.stringify({ a: new JsonText('{"b":[1, 2]}') })).toBe('{"a":{"b":[1,2]}}');
  });
});

const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;

describe('faults', () => {
  it('there are none in what can be written back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(jsonFault(value)).toBeUndefined();
      }),
    );
  });

  it('depth is bounded, in arrays and in objects', () => {
    expect(jsonFault(nested(MAX_JSON_DEPTH))).toBeUndefined();
    expect(jsonFault(nested(MAX_JSON_DEPTH + 2))).toMatch(/512 levels/);
    const text = `${'{"a":'.repeat(600)}1${'}'.repeat(600)}`;
    expect(jsonFault(JSON.parse(text))).toMatch(/512 levels/);
  });

  it('a depth that would overflow the stack is only a fault', () => {
    expect(jsonFault(nested(100_000))).toMatch(/512 levels/);
  });

  it.each(['1e999', '[-1e999]', '{"a":[{"b":1e400}]}'])('%s is out of range', (text) => {
    expect(jsonFault(JSON.parse(text))).toMatch(/out of range/);
  });

  it('a very wide value is no fault', () => {
    expect(jsonFault(Array.from({ length: 300_000 }, (_, i) => i))).toBeUndefined();
  });
});
