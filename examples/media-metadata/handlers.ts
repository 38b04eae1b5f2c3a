// The handlers of the media worker: metadata of an audio or video file, named by path or by URL.
import type { Handlers, WorkerContext, WorkerJob } from '../../src/worker/worker.ts';
import { withDownload } from './download.ts';
import { readMetadata, type MediaMetadata } from './read-metadata.ts';
import { readSource } from './source.ts';

/** Payload `{"path": "…"}` or `{"url": "…"}`; the result is a MediaMetadata. */
async function metadata(job: WorkerJob, context: WorkerContext): Promise<MediaMetadata> {
  const source = readSource(job.payload);
  if (source.kind === 'path') return parse(source.path, context);
  return withDownload(source.url, context, (file) => parse(file, context));
}

function parse(file: string, { progress, signal }: WorkerContext): Promise<MediaMetadata> {
  signal.throwIfAborted();
  progress({ phase: 'reading' });
  return readMetadata(file);
}

export default { '/v1/media/metadata': metadata } satisfies Handlers;
