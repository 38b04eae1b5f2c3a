// The download of a media file: streamed into a temporary file, bounded, gone afterwards.
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { JobFailure, type WorkerContext } from '../../src/worker/worker.ts';

/** Larger files are refused, whatever their server says about their size. */
export const MAX_DOWNLOAD_BYTES = 256 * 1024 * 1024;

/** Calls `use` with the downloaded file's path, and removes the file when it is done. */
export async function withDownload<T>(
  url: URL,
  context: WorkerContext,
  use: (file: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'jobgate-media-'));
  try {
    const file = join(folder, 'media');
    await download(url, file, context);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function download(url: URL, file: string, context: WorkerContext): Promise<void> {
  context.progress({ phase: 'downloading', percent: 0 });
  const { body, size } = await open(url, context.signal);
  const bounded = boundedChunks(body, (bytes) => {
    const percent = size ? Math.round((bytes / size) * 100) : undefined;
    context.progress({ phase: 'downloading', percent });
  });
  try {
    await pipeline(bounded, createWriteStream(file), { signal: context.signal });
  } catch (error) {
    throw error instanceof JobFailure ? error : broken(url, error);
  }
}

async function open(url: URL, signal: AbortSignal) {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    throw broken(url, error);
  });
  const size = Number(response.headers.get('content-length') ?? 0);
  if (response.ok && response.body && size <= MAX_DOWNLOAD_BYTES) {
    return { body: Readable.fromWeb(response.body), size };
  }
  await response.body?.cancel();
  throw size > MAX_DOWNLOAD_BYTES ? tooLarge() : refused(url, response.status);
}

/** Throws JobFailure once more bytes came than are allowed. */
async function* boundedChunks(body: Readable, onBytes: (bytes: number) => void) {
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_DOWNLOAD_BYTES) throw tooLarge();
    onBytes(bytes);
    yield chunk;
  }
}

function tooLarge(): JobFailure {
  const mebibytes = MAX_DOWNLOAD_BYTES / 1024 / 1024;
  return new JobFailure(`The file is larger than ${mebibytes} MiB`, { code: 413, retry: false });
}

/** Without the query: it may hold a signature. */
function refused({ origin, pathname }: URL, status: number): JobFailure {
  const isPassing = status >= 500 || status === 408 || status === 429;
  const message = `${origin}${pathname} answered ${status}`;
  return new JobFailure(message, { code: 502, retry: isPassing });
}

function broken({ origin, pathname }: URL, error: unknown): JobFailure {
  const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  const text = `${origin}${pathname} could not be downloaded: ${code ?? message}`;
  return new JobFailure(text, { code: 502, cause: error });
}
