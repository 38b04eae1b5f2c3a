// The media worker: its handlers over a real gateway and process, on the sample and on new files.
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, afterAll, describe, expect, it, onTestFinished } from 'vitest';
import handlers from '../../examples/media-metadata/handlers.ts';
import { MAX_DOWNLOAD_BYTES } from '../../examples/media-metadata/download.ts';
import type { HandlerProgress, WorkerJob } from '../../src/worker/worker.ts';
import { startJobgate, temporaryFolder } from '../cli/child.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { endOf, submit } from '../worker/test-worker.ts';

const ENDPOINT = '/v1/media/metadata';
const EXAMPLE = new URL('../../examples/media-metadata/', import.meta.url);
const HANDLERS = fileURLToPath(new URL('handlers.ts', EXAMPLE));
const SAMPLE = fileURLToPath(new URL('sample.ogg', EXAMPLE));

const SAMPLE_METADATA = {
  container: 'Ogg',
  codec: 'Vorbis I',
  duration_seconds: 6.945,
  bit_rate: 40_000,
  sample_rate: 16_000,
  channels: 1,
  size_bytes: 31_946,
  tags: {
    title: 'The status of a job',
    artist: 'Jobgate',
    album: 'Examples',
    year: 2026,
    track: 1,
    genre: ['Speech'],
    comment: ['Spoken by espeak-ng'],
  },
};

const WAV_METADATA = {
  container: 'WAVE',
  codec: 'PCM',
  duration_seconds: 1.5,
  bit_rate: 8000 * 2 * 16,
  sample_rate: 8000,
  channels: 2,
  bits_per_sample: 16,
  lossless: true,
  size_bytes: 44 + 8000 * 2 * 2 * 1.5,
  tags: {},
};

/** A file that the repository does not have: 1.5 s of a tone in stereo, 16 bit at 8 kHz. */
function wav(): Buffer {
  const samples = Buffer.alloc(8000 * 2 * 2 * 1.5);
  for (let at = 0; at < samples.length; at += 2) {
    samples.writeInt16LE(Math.round(8000 * Math.sin((at / 4) * 0.3)), at);
  }
  const header = Buffer.alloc(44);
  header.write('RIFF');
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  for (const [at, value] of [
    [16, 16],
    [24, 8000],
    [28, 32_000],
  ] as const)
    header.writeUInt32LE(value, at);
  for (const [at, value] of [
    [20, 1],
    [22, 2],
    [32, 4],
    [34, 16],
  ] as const)
    header.writeUInt16LE(value, at);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

function newFile(name: string, bytes: Uint8Array | string): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, bytes);
  return file;
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('over a gateway, in a process of its own', () => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await startTestGateway();
  });

  afterAll(() => gateway.close());

  function startWorker(): void {
    const environment = { JOBGATE_URL: gateway.url, JOBGATE_API_KEY: gateway.keys.work };
    startJobgate(['worker', '--handlers', HANDLERS, '--concurrency', '4'], environment);
  }

  it('reads the sample and a new file, by path and by URL, and says why it cannot', async () => {
    startWorker();
    const url = await serve((request, response) => {
      response.end(request.url === '/talk' ? readFileSync(SAMPLE) : wav());
    });
    const ends = await Promise.all(
      [{ path: SAMPLE }, { path: newFile('tone.wav', wav()) }, { url: `${url}/talk` }, { url }, {}]
        .map((payload) => submit(gateway, ENDPOINT, { payload }))
        .map(async (jobId) => endOf(gateway, await jobId)),
    );
    expect(ends).toMatchObject([
      { job_status: 'done', response: { response: SAMPLE_METADATA } },
      { job_status: 'done', response: { response: WAV_METADATA } },
      { job_status: 'done', response: { response: SAMPLE_METADATA } },
      { job_status: 'done', response: { response: WAV_METADATA } },
      { job_status: 'failed', response: { code: 422, response: null } },
    ]);
  });
});

function run(payload: Record<string, unknown>) {
  const progress: HandlerProgress[] = [];
  const controller = new AbortController();
  const { signal } = controller;
  const context = { signal, attempt: 1, progress: (told: HandlerProgress) => progress.push(told) };
  const result = handlers[ENDPOINT]({ payload } as unknown as WorkerJob, context);
  return { result, progress, stop: () => controller.abort() };
}

describe('a path', () => {
  it.each([
    ['of a wrong extension is read by what is in it', 'tone.bin', wav(), WAV_METADATA],
    ['without an extension too', 'tone', wav(), WAV_METADATA],
  ])('%s', async (_what, name, bytes, metadata) => {
    expect(await run({ path: newFile(name, bytes) }).result).toEqual(metadata);
  });

  it.each<[string, () => string, number, RegExp]>([
    ['that leads nowhere', () => join(temporaryFolder(), 'none.mp3'), 404, /no file at this path/],
    ['of a folder', () => temporaryFolder(), 422, /not a file/],
    ['of a text', () => newFile('a.txt', 'hello '.repeat(500)), 422, /not a media file/],
    ['of a text named .mp3', () => newFile('a.mp3', 'hello '.repeat(500)), 422, /not a media/],
    ['of an empty file', () => newFile('a.wav', ''), 422, /not a media file/],
    ['of a file cut short', () => newFile('a.wav', wav().subarray(0, 20)), 422, /not a media/],
  ])('%s fails the job for good', async (_what, path, code, message) => {
    await expect(run({ path: path() }).result).rejects.toMatchObject({
      name: 'JobFailure',
      message: expect.stringMatching(message),
      code,
      retry: false,
    });
  });
});

describe('a payload', () => {
  it.each([
    [{}, /either "path" or "url"/],
    [{ path: 'a', url: 'http://b' }, /either "path" or "url"/],
    [{ path: 1 }, /"path" must be a string/],
    [{ path: '' }, /"path" must be a string/],
    [{ path: 'a\0b' }, /"path" must be a string/],
    [{ url: 'talk.mp3' }, /http or https/],
    [{ url: 'file:///etc/passwd' }, /http or https/],
  ])('%j is refused', async (payload, message) => {
    const expected = { message: expect.stringMatching(message), code: 422, retry: false };
    await expect(run(payload).result).rejects.toMatchObject(expected);
  });
});

describe('a download', () => {
  it('says how far it is', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': wav().length }).end(wav());
    });
    const { result, progress } = run({ url });
    await result;
    expect(progress[0]).toEqual({ phase: 'downloading', percent: 0 });
    expect(progress.at(-2)).toEqual({ phase: 'downloading', percent: 100 });
    expect(progress.at(-1)).toEqual({ phase: 'reading' });
  });

  it.each([
    [404, false],
    [503, true],
  ])('answered %i fails, to be retried: %s, and does not show the query', async (status, retry) => {
    const url = await serve((_request, response) => response.writeHead(status).end());
    const { result } = run({ url: `${url}/talk.mp3?signature=secret` });
    const message = `${url}/talk.mp3 answered ${status}`;
    await expect(result).rejects.toMatchObject({ message, code: 502, retry });
  });

  it('that breaks off is to be retried', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 5000 });
      response.write('RIFF', () => response.destroy());
    });
    const { result } = run({ url });
    await expect(result).rejects.toMatchObject({ name: 'JobFailure', code: 502, retry: true });
  });

  it('announced as too large is refused unread', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': MAX_DOWNLOAD_BYTES + 1 });
      response.write('RIFF');
    });
    const expected = { message: 'The file is larger than 256 MiB', code: 413, retry: false };
    await expect(run({ url }).result).rejects.toMatchObject(expected);
  });

  it('ends when the signal is aborted', async () => {
    const url = await serve((_request, response) => {
      response.write('RIFF');
      stop();
    });
    const { result, stop } = run({ url });
    await expect(result).rejects.toThrow(/could not be downloaded/);
  });
});

it('a file is left alone', async () => {
  const copy = join(temporaryFolder(), 'copy.ogg');
  copyFileSync(SAMPLE, copy);
  expect(await run({ path: copy }).result).toMatchObject(SAMPLE_METADATA);
  expect(readFileSync(copy).equals(readFileSync(SAMPLE))).toBe(true);
});
