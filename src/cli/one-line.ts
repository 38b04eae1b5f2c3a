// Text of others on one line of a terminal: a worker's message may be long and hold control codes.

const LONGEST = 500;

/** Without what would forge lines or colour the terminal, cut to 500 characters. */
export function onOneLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
