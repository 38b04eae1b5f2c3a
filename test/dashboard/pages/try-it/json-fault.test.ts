// The place where a text stops being JSON.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findJsonFault } from '../../../../src/dashboard/pages/try-it/json-fault.ts';

describe('a fault', () => {
  it.each([
    ['', 1, 1, ''],
    ['{"a": 1,}', 1, 9, '}'],
    ['{"a" 1}', 1, 6, '1'],
    ['{"a": 1 "b": 2}', 1, 9, '"'],
    ['{"a": 1', 1, 8, ''],
    ['{\n  "a": [1, 2\n}', 3, 1, '}'],
    ["{'a': 1}", 1, 2, "'"],
    ['{"a": "b\n"}', 1, 9, '\n'],
    ['{"a": "b', 1, 9, ''],
    ['{"a": "\\x"}', 1, 8, '\\'],
    ['{"a": 01}', 1, 8, '1'],
    ['{"a": 1.}', 1, 8, '.'],
    ['{"a": truth}', 1, 7, 't'],
    ['{a: 1}', 1, 2, 'a'],
    ['[1 2]', 1, 4, '2'],
    ['[,]', 1, 2, ','],
    ['{} {}', 1, 4, '{'],
    ['{"a": 😀}', 1, 7, '😀'],
    ['\u00a0{}', 1, 1, '\u00a0'],
  ])('of %j is at line %i, column %i', (text, line, column, found) => {
    expect(findJsonFault(text)).toMatchObject({ line, column, found });
  });

  it('is found in a nesting that no stack could follow', () => {
    expect(findJsonFault('['.repeat(100_000))).toMatchObject({ column: 100_001, found: '' });
  });

  it('is there exactly when the text is no JSON, and what is before it could have become some', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', '}', ']', ':', '\\', 'e', '1'))
      .map(([text, at, put]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + put + text.slice(place + 1);
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.json(), fc.string()), (text) => {
        const fault = findJsonFault(text);
        expect(fault !== undefined).toBe(!isJson(text));
        if (!fault) return;
        expect(text.slice(fault.at)).toSatisfy((rest: string) => rest.startsWith(fault.found));
        expect(findJsonFault(text.slice(0, fault.at))?.at ?? fault.at).toBe(fault.at);
      }),
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
