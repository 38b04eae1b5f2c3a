// Entity tags: lists of them, `*`, and the weak comparison.
import { describe, expect, it } from 'vitest';
import { isNamed, tagOfText } from '../../src/http/entity-tags.ts';

const WEAK = 'W/"a.3."';

describe('If-None-Match', () => {
  it.each([
    ['the tag', 'W/"a.3."'],
    ['the strong one of the same', '"a.3."'],
    ['any', '*'],
    ['any, with white space', ' * '],
    ['the first of a list', 'W/"a.3.", "b"'],
    ['the last of a list', '"b", W/"c,d" ,W/"a.3."'],
    ['in a list with nothing between commas', ', ,"b",, "a.3.",'],
    ['after one with a comma in it', '"a,W/", "a.3."'],
  ])('names %s', (_what, header) => {
    expect(isNamed(header, WEAK)).toBe(true);
    expect(isNamed(header, '"a.3."')).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['another', 'W/"a.4."'],
    ['a part of it', 'W/"a.3"'],
    ['one in another case', 'w/"a.3."'],
    ['it without quotes', 'a.3.'],
    ['it within another', '"x"a.3."'],
    ['a list of others', '"a.1.", "a.2."'],
    ['a star as a tag', '"*"'],
    ['a star in a list', '"b", *'],
    ['what comes after nonsense', 'nonsense, "a.3."'],
  ])('does not name %s', (_what, header) => {
    expect(isNamed(header, WEAK)).toBe(false);
  });

  it('of any length is read at once', () => {
    const before = performance.now();
    for (const piece of ['"b",', ', ', '"', 'W/"b" ']) {
      expect(isNamed(piece.repeat(16_000 / piece.length), WEAK)).toBe(false);
    }
    expect(performance.now() - before).toBeLessThan(500);
  });
});

it('the tag of a text is strong and its own', () => {
  expect(tagOfText('a')).toMatch(/^"[\w-]{43}"$/);
  expect(tagOfText('a')).toBe(tagOfText('a'));
  expect(tagOfText('a')).not.toBe(tagOfText('b'));
});
