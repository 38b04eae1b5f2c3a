// The body parser: JSON in UTF-8 and nothing else, each fault with its own words.
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import sjson from 'secure-json-parse';
import { malformedBody } from './errors.ts';

/** `application/json` or `application/*+json`, any case, UTF-8 if a charset is named. */
const JSON_CONTENT =
  /^application\/(?:[\w.!#$&^-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;

const BYTE_ORDER_MARK = '\ufeff';

/** Anything else answers 415. The body is what `give` makes of a text that is JSON. */
export function parseJsonBodies(
  app: FastifyInstance,
  give: (value: unknown, text: string) => unknown = (value) => value,
): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(JSON_CONTENT, { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      const text = decode(body as Buffer);
      // As if none had been sent: some need none, and for the others the procedure refuses it.
      done(null, text === '' ? undefined : give(parseJson(text, 'body'), text));
    } catch (error) {
      done(error as Error);
    }
  });
}

function decode(body: Buffer): string {
  if (!isUtf8(body)) throw malformedBody('The body is not UTF-8');
  // Some programs begin with a byte order mark.
  const text = body.toString();
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

/** Throws `invalid_payload` on what is not JSON, and on names that poison JavaScript objects. */
export function parseJson(text: string, what: 'body' | 'input'): unknown {
  try {
    // It would skip a byte order mark, on which tRPC then fails, that parses the text once more.
    if (text.startsWith(BYTE_ORDER_MARK)) throw new SyntaxError('a byte order mark');
    return sjson.parse(text);
  } catch (error) {
    const isPoisoned = /forbidden prototype/.test((error as Error).message);
    throw malformedBody(
      isPoisoned
        ? `The ${what} names a forbidden property (__proto__ or constructor.prototype)`
        : `The ${what} is not valid JSON`,
    );
  }
}
