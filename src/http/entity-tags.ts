// Entity tags (RFC 9110, 8.8.3): what a client that asks again says it has already.
import { createHash } from 'node:crypto';

/** One tag of a list, with what stands between it and the one before. */
const LISTED = /[\t ,]*(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")[\t ]*(?=,|$)/gy;

/** Whether If-None-Match names the tag: in its list, by weak comparison, or as `*`. */
export function isNamed(ifNoneMatch: string, tag: string): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = tag.replace(/^W\//, '');
  return [...ifNoneMatch.matchAll(LISTED)].some(([, listed]) => listed === opaque);
}

/** A strong tag of a text that seldom changes. */
export function tagOfText(text: string): string {
  return `"${createHash('sha256').update(text).digest('base64url')}"`;
}
