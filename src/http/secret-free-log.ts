// The log without secrets: whatever a line was made of, no key leaves the process in it; nor in a span.
import type { FastifyServerOptions } from 'fastify';

/** Secrets that do not look like ours. */
type Given = readonly (string | undefined)[];

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
export function withoutSecrets(logger: Logger, given: Given): Logger {
  if (logger === false) return false;
  return { ...(logger === true ? {} : logger), hooks: { streamWrite: scrubber(given) } };
}

/** Makes texts, such as lines of JSON, that hold no secret. */
export function scrubber(given: Given): (text: string) => string {
  const secrets = given.flatMap((text) => (text && text.length >= MIN_LENGTH ? inJson(text) : []));
  return (text) => {
    let scrubbed = text.replaceAll(MADE_HERE, REDACTED);
    for (const secret of secrets) scrubbed = scrubbed.replaceAll(secret, REDACTED);
    return scrubbed;
  };
}

/** As it stands in a line of JSON. */
function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
