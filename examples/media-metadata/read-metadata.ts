// The metadata of one media file, read with music-metadata and reduced to what fits in JSON.
import { stat } from 'node:fs/promises';
import { parseFile, type IAudioMetadata } from 'music-metadata';
import { JobFailure } from '../../src/worker/worker.ts';

/** What is not known is null. */
export interface MediaMetadata {
  container: string | null;
  codec: string | null;
  duration_seconds: number | null;
  /** Bits a second. */
  bit_rate: number | null;
  /** Hertz. */
  sample_rate: number | null;
  channels: number | null;
  bits_per_sample: number | null;
  lossless: boolean | null;
  size_bytes: number;
  /** By name, such as `title`, `artist`, `album`, `year`; pictures are left out. */
  tags: Record<string, TagValue | TagValue[]>;
}

type TagValue = string | number | boolean;

/** Throws JobFailure, not to be retried, when there is no media in the file. */
export async function readMetadata(file: string): Promise<MediaMetadata> {
  const size_bytes = await sizeOf(file);
  const { format, common } = await parse(file);
  // A text file named .mp3 is parsed to its end without complaint, and without finding anything.
  if (!format.codec && !format.duration && !format.trackInfo.length) throw notMedia();
  return {
    container: format.container ?? null,
    codec: format.codec ?? null,
    duration_seconds: rounded(format.duration, 3),
    bit_rate: rounded(format.bitrate, 0),
    sample_rate: format.sampleRate ?? null,
    channels: format.numberOfChannels ?? null,
    bits_per_sample: format.bitsPerSample ?? null,
    lossless: format.lossless ?? null,
    size_bytes,
    tags: tagsOf(common),
  };
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(error);
  });
  if (found.isFile()) return found.size;
  throw new JobFailure('The path is not a file', { code: 422, retry: false });
}

function unreadable({ code }: NodeJS.ErrnoException): JobFailure {
  const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
  const message = isMissing ? 'There is no file at this path' : `The file cannot be read: ${code}`;
  return new JobFailure(message, { code: isMissing ? 404 : 422, retry: false });
}

async function parse(file: string): Promise<IAudioMetadata> {
  try {
    return await parseFile(file, { duration: true, skipCovers: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'EACCES' ? unreadable(error as NodeJS.ErrnoException) : notMedia(error);
  }
}

function notMedia(cause?: unknown): JobFailure {
  const message = 'This is not a media file, or it is damaged';
  return new JobFailure(message, { code: 422, retry: false, cause });
}

function rounded(value: number | undefined, digits: number): number | null {
  return value === undefined ? null : Number(value.toFixed(digits));
}

function tagsOf(common: IAudioMetadata['common']): MediaMetadata['tags'] {
  const tags: MediaMetadata['tags'] = {};
  for (const [name, value] of Object.entries(common)) {
    const plain = plainTag(value);
    if (plain !== undefined) tags[name] = plain;
  }
  return tags;
}

/** `{no, of}` becomes its number, `{text}` its text; what is neither has no place in a tag. */
function plainTag(value: unknown): TagValue | TagValue[] | undefined {
  if (Array.isArray(value)) {
    const plain = value.map(plainTag).filter((item) => item !== undefined && !Array.isArray(item));
    return plain.length > 0 ? (plain as TagValue[]) : undefined;
  }
  if (typeof value !== 'object') return value as TagValue | undefined;
  const { no, text } = (value ?? {}) as { no?: number | null; text?: string };
  return no ?? text ?? undefined;
}
