// What is kept of an answer: the excerpt is harmless and bounded, Retry-After is sane.
import { describe, expect, it } from 'vitest';
import { readRetryAfter, toExcerpt } from '../../src/webhooks/webhook-answer.ts';

const NOW = Date.UTC(2026, 10, 1, 12);

describe('toExcerpt', () => {
  it.each([
    ['plain text\n\tand more', 'plain text\n\tand more'],
    ['a\r\nb\rc', 'a\nb\u{FFFD}c'],
    ['\u{1B}[31mred\u{7}\0', '\u{FFFD}[31mred\u{FFFD}\u{FFFD}'],
    ['\u{202E}txt.exe\u{2028}\u{9B}', '\u{FFFD}txt.exe\u{FFFD}\u{FFFD}'],
    ['é 😀 日本', 'é 😀 日本'],
    ['', ''],
  ])('of %j is %j', (answer, excerpt) => {
    expect(toExcerpt(Buffer.from(answer))).toBe(excerpt);
  });

  it('of bytes that are no UTF-8 is well-formed and at most 1,024 bytes', () => {
    for (const byte of [0xff, 0x80, 0xc3, 0xf0, 0x00]) {
      const excerpt = toExcerpt(Buffer.alloc(1024, byte));
      expect(excerpt.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(1024);
    }
  });

  it('does not end in half a character', () => {
    const answer = Buffer.from(`x${'é'.repeat(600)}`).subarray(0, 1024);
    expect(toExcerpt(answer)).toBe(`x${'é'.repeat(511)}`);
  });
});

describe('readRetryAfter', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    ['86400', 86_400_000],
    ['Sun, 01 Nov 2026 12:01:30 GMT', 90_000],
    ['Sun, 01 Nov 2026 11:00:00 GMT', 0],
    ['86401', null],
    ['99999999999999', null],
    ['Fri, 01 Jan 2100 00:00:00 GMT', null],
    ['-1', null],
    ['1.5', null],
    ['soon', null],
    ['Someday, at noon GMT', null],
    ['', null],
    [undefined, null],
    [['1', '2'], null],
  ])('of %j is %j', (header, wait) => {
    expect(readRetryAfter(header, NOW)).toBe(wait);
  });
});
