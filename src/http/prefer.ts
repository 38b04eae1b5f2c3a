// Prefer (RFC 7240): how long the caller would wait, from a header that is never an error.

/** With the white space around it: a separator, a token or a quoted string. */
const LEXEME = /[\t ]*([,;=]|[!#$%&'*+.^`|~\w-]+|"(?:[^"\\]|\\.)*")[\t ]*/gy;

/**
 * The seconds of `wait`, however many; the first counts. Undefined where there is none, its value is
 * no number of seconds, or the header is malformed.
 */
export function preferredWait(header: string): number | undefined {
  const value = readPreferences(header)?.find(({ name }) => name === 'wait')?.value;
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

interface Preference {
  /** In lower case. */
  name: string;
  /** Empty where there is none, which is the same. */
  value: string;
}

/** In their order; undefined for what is no list of preferences. */
function readPreferences(header: string): Preference[] | undefined {
  const lexemes = readLexemes(header);
  if (!lexemes) return undefined;
  const preferences: Preference[] = [];
  for (const preference of split(lexemes, ',')) {
    const [own, ...parameters] = split(preference, ';').map(readPair);
    if (preference.length === 0) continue;
    if (!own || parameters.includes(undefined)) return undefined;
    if (own.name === '') return undefined;
    preferences.push(own);
  }
  return preferences;
}

function readLexemes(header: string): string[] | undefined {
  const found = [...header.matchAll(LEXEME)];
  const length = found.reduce((sum, [all]) => sum + all.length, 0);
  return length === header.length ? found.map(([, lexeme = '']) => lexeme) : undefined;
}

function split(lexemes: readonly string[], separator: string): string[][] {
  const parts: string[][] = [[]];
  for (const lexeme of lexemes) {
    if (lexeme === separator) parts.push([]);
    else parts.at(-1)?.push(lexeme);
  }
  return parts;
}

/** `name`, `name=word` or, as a parameter, nothing at all. */
function readPair([name = '', equals, word = '', ...rest]: string[]): Preference | undefined {
  const isPair = equals === undefined || (equals === '=' && word !== '' && word !== '=');
  if (!isPair || rest.length > 0 || name === '=' || name.startsWith('"')) return undefined;
  return { name: name.toLowerCase(), value: unquote(word) };
}

function unquote(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, '$1') : word;
}
