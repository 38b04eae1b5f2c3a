// The payload of a submission: from the command line, a file or standard input, checked to be JSON.
import { createReadStream } from 'node:fs';
import { UsageError } from './command-error.ts';

/** What the largest MAX_BODY_BYTES admits. */
const MAX_BYTES = 64 * 1024 * 1024;

export interface PayloadFlags {
  payload?: string | undefined;
  /** `-` for standard input. */
  'payload-file'?: string | undefined;
}

type Payload = Record<string, unknown>;

/** `{}` when none is given. Throws UsageError, one line, on what is no JSON object. */
export async function readPayload(flags: PayloadFlags): Promise<Payload> {
  const { payload, 'payload-file': file } = flags;
  if (payload !== undefined && file !== undefined) {
    throw new UsageError('Give --payload or --payload-file, not both');
  }
  if (payload !== undefined) return parseObject('--payload', payload);
  if (file === undefined) return {};
  const what = file === '-' ? 'standard input' : `--payload-file ${file}`;
  return parseObject(what, await readText(what, file));
}

async function readText(what: string, file: string): Promise<string> {
  const stream = file === '-' ? process.stdin : createReadStream(file);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_BYTES)
        throw new UsageError(`${what} is larger than any gateway takes, 64 MiB`);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${what} cannot be read: ${(error as Error).message}`);
  }
  return Buffer.concat(chunks).toString();
}

function parseObject(what: string, text: string): Payload {
  const value = parse(what, text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Payload;
  throw new UsageError(`${what} must be a JSON object, such as {"text": "hello"}`);
}

function parse(what: string, text: string): unknown {
  if (text.trim() === '') throw new UsageError(`${what} is empty: it must be a JSON object`);
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new UsageError(`${what} is not JSON: ${whyOf(error as Error)}`);
  }
}

/** Where it goes wrong, without the whole text. */
function whyOf({ message }: Error): string {
  const [line = ''] = message.split('\n');
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}
