// What is kept of a receiver's answer: its first bytes as harmless text, and when to come back.

export const EXCERPT_BYTES = 1024;

const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/** What could break a terminal, a log line or a page: controls, and marks that turn text around. */
const UNSAFE = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The first bytes as text of at most 1,024 bytes; an unfinished character at the end goes. */
export function toExcerpt(start: Uint8Array): string {
  const text = new TextDecoder().decode(start, { stream: true });
  const safe = text.replaceAll('\r\n', '\n').replaceAll(UNSAFE, '\u{FFFD}');
  const bytes = new TextEncoder().encode(safe).subarray(0, EXCERPT_BYTES);
  return new TextDecoder().decode(bytes, { stream: true });
}

/**
 * Retry-After, seconds or a date (RFC 9110, 10.2.3), in milliseconds from now; a time past is 0.
 * Null if there is none, if it is neither, or if it is more than a day away.
 */
export function readRetryAfter(header: unknown, now: number): number | null {
  if (typeof header !== 'string') return null;
  const isDate = /^[A-Z][a-z]+, .+ GMT$/.test(header);
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Number.NaN;
  const wait = isDate ? Math.max(0, Date.parse(header) - now) : seconds;
  return wait <= MAX_RETRY_AFTER_MS ? wait : null;
}
