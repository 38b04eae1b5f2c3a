// The log without secrets: whatever a line was made of, no key leaves the process in it.
import type { FastifyServerOptions } from 'fastify';

export type Logger = NonNullable<FastifyServerOptions['logger']>;

/** API keys and webhook secrets, as this gateway makes them, and what somebody cut off of one. */
const MADE_HERE = /\bjg_[0-9a-f]{12}_[0-9a-f_]+|\bwhsec_[A-Za-z0-9+/=]+/g;

/** A shorter one would stand in harmless words. */
const MIN_LENGTH = 6;

const REDACTED = '[redacted]';

/**
 * The same logger, whose lines have every secret replaced: those that look like ours, and `given`
 * ones. Nothing is meant to log one; this is for the request that has a key where none belongs.
 */
export function withoutSecrets(logger: Logger, given: readonly (string | undefined)[]): Logger {
  if (logger === false) return false;
  const texts = given.flatMap((text) => (text && text.length >= MIN_LENGTH ? inJson(text) : []));
  const scrub = (line: string) => {
    let scrubbed = line.replaceAll(MADE_HERE, REDACTED);
    for (const text of texts) scrubbed = scrubbed.replaceAll(text, REDACTED);
    return scrubbed;
  };
  return { ...(logger === true ? {} : logger), hooks: { streamWrite: scrub } };
}

/** As it stands in a line of JSON. */
function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
