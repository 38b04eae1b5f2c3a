// Prefer: what RFC 7240 allows is read, and what it does not is no preference at all.
import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { preferredWait } from '../../src/http/prefer.ts';

describe('wait', () => {
  it.each([
    ['wait=10', 10],
    ['wait=0', 0],
    ['wait=007', 7],
    ['WAIT=10', 10],
    [' wait = 10 ', 10],
    ['wait\t=\t"10"', 10],
    [String.raw`wait="1\0"`, 10],
    ['respond-async, wait=10', 10],
    ['wait=10, respond-async', 10],
    ['respond-async,wait=10,handling=lenient', 10],
    ['foo; some-parameter, wait=10', 10],
    ['foo="a, wait=99; b"; p="c,d", wait=10', 10],
    ['wait=10; p=1; q', 10],
    ['wait=10;', 10],
    [', ,wait=10, ', 10],
    ['foo="", wait=10', 10],
    ['wait=10, wait=20', 10],
    ['wait=10, Wait="20"', 10],
    ['wait=86400', 86_400],
  ])('%s', (header, seconds) => {
    expect(preferredWait(header)).toBe(seconds);
  });

  it('however many seconds', () => {
    expect(preferredWait(`wait=${'9'.repeat(400)}`)).toBe(Infinity);
  });
});

describe('none', () => {
  it.each([
    ['empty', ''],
    ['no wait', 'respond-async'],
    ['another that ends so', 'no-wait=10'],
    ['within quotes', 'foo="wait=10"'],
    ['as a parameter', 'foo; wait=10'],
    ['without a value', 'wait'],
    ['with an empty one', 'wait=""'],
    ['with a fraction', 'wait=1.5'],
    ['below zero', 'wait=-1'],
    ['in hexadecimal', 'wait=0x10'],
    ['a word', 'wait=long'],
    ['the first being none', 'wait=long, wait=10'],
  ])('%s: %s', (_what, header) => {
    expect(preferredWait(header)).toBeUndefined();
  });
});

describe('a malformed header is ignored', () => {
  it.each([
    'wait=',
    '=10',
    'wait==10',
    'wait=10 20',
    'wait 10',
    'wait=10, =',
    'wait=10; =1',
    'wait=10; p=',
    'wait=10; p q',
    '; wait=10',
    'wait=10, foo="unclosed',
    'wait=10, "quoted"',
    'wait=10, (comment)',
    'wait=1é',
    'wait=10/2',
  ])('%s', (header) => {
    expect(preferredWait(header)).toBeUndefined();
  });

  it('whatever it is, without an error', () => {
    const pieces = constantFrom('wait', '=', ',', ';', '"', '\\', ' ', '\t', '1', 'a', 'é', '(');
    const readsOrIgnores = property(array(pieces), (header) => {
      const seconds = preferredWait(header.join(''));
      return seconds === undefined || seconds >= 0;
    });
    expect(() => assert(readsOrIgnores)).not.toThrow();
  });

  it.each(['wait="', 'a;', 'a; ', ',', ', ', 'a="\\"'])('at once when %j is repeated', (piece) => {
    const header = `${piece.repeat(16_000 / piece.length)}(`;
    const before = performance.now();
    expect(preferredWait(header)).toBeUndefined();
    expect(performance.now() - before).toBeLessThan(500);
  });
});
