// Files served out of memory: one buffer of each for all who ask, compressed for whom takes it.
import { promisify } from 'node:util';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { keepForAnybody } from './cache-control.ts';
import { tagOfText } from './entity-tags.ts';

export interface Asset {
  body: Buffer;
  gzipped: Buffer | undefined;
  type: string;
  tag: string;
}

/** In Accept-Encoding; with a weight of 0 it says the opposite. */
const TAKES_GZIP = /(?:^|[\s,])gzip(?![^\s,;])(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i;

/** Bytes, and not the text: whoever leaves a text unread has a copy of it in memory of his own. */
export async function makeAsset(text: string, type: string): Promise<Asset> {
  const { gzip } = await import('node:zlib');
  const body = Buffer.from(text);
  return { body, gzipped: await promisify(gzip)(body), type, tag: tagOfText(text) };
}

/** To be asked for again, and then to be sent only if it is another. */
export function sendTagged(
  request: FastifyRequest,
  reply: FastifyReply,
  asset: Asset,
): FastifyReply {
  return keepForAnybody(request, reply, asset.tag)
    ? varyByEncoding(reply).send()
    : sendAsset(request, reply, asset);
}

export function sendAsset(
  request: FastifyRequest,
  reply: FastifyReply,
  { body, gzipped, type }: Asset,
): FastifyReply {
  varyByEncoding(reply).type(type);
  const takesGzip = TAKES_GZIP.test(request.headers['accept-encoding'] ?? '');
  if (!takesGzip || !gzipped) return reply.send(body);
  return reply.header('content-encoding', 'gzip').send(gzipped);
}

/** Beside what it may vary by already: `Origin`. */
function varyByEncoding(reply: FastifyReply): FastifyReply {
  const by = [reply.getHeader('vary'), 'Accept-Encoding'].filter((name) => name !== undefined);
  return reply.header('vary', by.join(', '));
}
