// The source of a job: the one file its payload names, by path or by URL.
import { JobFailure } from '../../src/worker/worker.ts';

export type Source = { kind: 'path'; path: string } | { kind: 'url'; url: URL };

/** Throws JobFailure 422, not to be retried, on a payload that names no file or two. */
export function readSource({ path, url }: Record<string, unknown>): Source {
  if ((path === undefined) === (url === undefined)) {
    throw invalid('The payload must have either "path" or "url"');
  }
  if (path !== undefined) return { kind: 'path', path: readText('path', path) };
  return { kind: 'url', url: readUrl(readText('url', url)) };
}

function readText(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw invalid(`"${name}" must be a string that is not empty`);
}

function readUrl(text: string): URL {
  const url = URL.parse(text);
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw invalid('"url" must be an http or https address');
}

function invalid(message: string): JobFailure {
  return new JobFailure(message, { code: 422, retry: false });
}
