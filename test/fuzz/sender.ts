// Sending a request as it is, over a few connections that are kept, and taking in all of its answer.
import { Readable } from 'node:stream';
import { Pool, type Dispatcher } from 'undici';

export interface SentRequest {
  method: string;
  path: string;
  headers: string[];
  body: string | Buffer | undefined;
  chunked: boolean;
}

export interface FuzzAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** Undefined where the body is empty or no JSON. */
  json: any;
  /** From the first byte sent to the last one read, milliseconds. */
  ms: number;
}

export class Sender {
  readonly #pool: Pool;

  constructor(url: string, connections: number) {
    this.#pool = new Pool(url, { connections, pipelining: 1 });
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  /** Rejects when there is no answer. */
  async send({ body, chunked, ...request }: SentRequest): Promise<FuzzAnswer> {
    const began = performance.now();
    const answer = await this.#pool.request({
      ...request,
      body: chunked && body !== undefined ? Readable.from(inChunks(Buffer.from(body))) : body,
    });
    const headers = new Headers(Object.entries(answer.headers).map(([k, v]) => [k, String(v)]));
    const text = await textOf(answer.body, headers);
    const ms = performance.now() - began;
    return { status: answer.statusCode, headers, text, json: parse(text), ms };
  }
}

function* inChunks(body: Buffer): Generator<Buffer> {
  yield body.subarray(0, 1);
  if (body.length > 1) yield body.subarray(1);
}

/** Of a stream the first bytes: it may have no end. */
async function textOf(body: Dispatcher.ResponseData['body'], headers: Headers): Promise<string> {
  if (!headers.get('content-type')?.startsWith('text/event-stream')) return body.text();
  for await (const chunk of body) return String(chunk);
  return '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
