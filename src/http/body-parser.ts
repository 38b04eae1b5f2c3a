// The body parser: JSON in UTF-8 and nothing else, each fault with its own words.
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import sjson from 'secure-json-parse';
import { malformedBody } from './errors.ts';

/** `application/json` or `application/*+json`, any case, UTF-8 if a charset is named. */
const JSON_CONTENT =
  /^application\/(?:[\w.!#$&^-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;

/** Anything else answers 415. */
export function parseJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(JSON_CONTENT, { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

function parseBody(body: Buffer): unknown {
  if (body.length === 0) throw malformedBody('The body is empty: send a JSON object');
  if (!isUtf8(body)) throw malformedBody('The body is not UTF-8');
  try {
    return sjson.parse(body.toString());
  } catch (error) {
    const isPoisoned = /forbidden prototype/.test((error as Error).message);
    throw malformedBody(
      isPoisoned
        ? 'The body names a forbidden property (__proto__ or constructor.prototype)'
        : 'The body is not valid JSON',
    );
  }
}
