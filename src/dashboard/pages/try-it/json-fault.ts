// Where a text stops being JSON: browsers say it each in their own words, or not at all.

export interface JsonFault {
  /** Index in the text. */
  at: number;
  /** Both from 1. */
  line: number;
  column: number;
  /** The character that does not belong there; empty at the end of the text. */
  found: string;
}

/** Undefined for a text that is JSON. */
export function findJsonFault(text: string): JsonFault | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return faultAt(text, endOfJson(text));
  }
}

function faultAt(text: string, at: number): JsonFault {
  const lines = text.slice(0, at).split('\n');
  const column = (lines.at(-1) ?? '').length + 1;
  const found = String.fromCodePoint(...(at < text.length ? [text.codePointAt(at) ?? 0] : []));
  return { at, line: lines.length, column, found };
}

const SPACE = /[ \t\n\r]*/y;

/** A string without its end; of the characters, those from the space on. */
const TEXT = String.raw`"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[ !#-[\]-\uffff]*)*`;
const NUMBER = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?`;

const TOKEN = new RegExp(`[{}[\\],:]|${TEXT}"|${NUMBER}|true|false|null`, 'y');
const TEXT_BEGIN = new RegExp(TEXT, 'y');

/** What may come next. */
type Expected = 'value' | 'value_or_end' | 'key' | 'key_or_end' | 'colon' | 'comma_or_end';

/** The index of the first character with which the text is no JSON. */
function endOfJson(text: string): number {
  /** What closes the lists and objects that are open, the innermost last. */
  const open: string[] = [];
  let expected: Expected | undefined = 'value';
  let at = 0;
  for (;;) {
    at += lengthAt(SPACE, text, at);
    const length = lengthAt(TOKEN, text, at);
    if (length === 0) {
      const mayBeText = expected !== 'colon' && expected !== 'comma_or_end';
      return at + (mayBeText ? lengthAt(TEXT_BEGIN, text, at) : 0);
    }
    expected = follow(expected, text.charAt(at), open);
    if (!expected) return at;
    at += length;
  }
}

function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

/** `token`: its first character. Undefined when it may not stand there. */
function follow(expected: Expected, token: string, open: string[]): Expected | undefined {
  if (expected === 'colon') return token === ':' ? 'value' : undefined;
  if (expected === 'comma_or_end' && token === ',') {
    return open.length === 0 ? undefined : open.at(-1) === '}' ? 'key' : 'value';
  }
  const mayEnd = expected.endsWith('_or_end');
  if (mayEnd && token === open.at(-1)) {
    open.pop();
    return 'comma_or_end';
  }
  if (expected === 'comma_or_end') return undefined;
  if (expected.startsWith('key')) return token === '"' ? 'colon' : undefined;
  return beginValue(token, open);
}

function beginValue(token: string, open: string[]): Expected | undefined {
  if (token === '{') {
    open.push('}');
    return 'key_or_end';
  }
  if (token === '[') {
    open.push(']');
    return 'value_or_end';
  }
  return '}],:'.includes(token) ? undefined : 'comma_or_end';
}
