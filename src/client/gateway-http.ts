// HTTP to a gateway, over `fetch`: one exchange, its bound in time, and failures as typed errors.
import { GatewayError, NetworkError, parseRetryAfter, toGatewayError } from './gateway-error.ts';
import { linkedController } from './signals.ts';

export interface GatewayAddress {
  /** Such as `http://127.0.0.1:8080`; a path before `/v1` is kept. */
  url: string;
  apiKey: string;
}

/** Throws TypeError, never showing the key. */
export function checkAddress({ url, apiKey }: GatewayAddress): void {
  const isHttp = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  if (!isHttp) throw new TypeError('url must be an http or https address of a gateway');
  if (typeof apiKey === 'string' && /^[\x21-\x7e]+$/.test(apiKey)) return;
  throw new TypeError('apiKey must be visible ASCII characters without spaces');
}

export interface Post {
  /** Below `/v1/toolkit/`. */
  path: string;
  /** JSON. */
  body: string;
  timeoutMs: number;
  signal: AbortSignal;
}

export interface Answered<Answer> {
  answer: Answer;
  /** What `Retry-After` says; undefined where it says nothing. */
  retryAfterMs: number | undefined;
}

const PREFIX = '/v1/toolkit/';

export class GatewayHttp {
  readonly url: string;
  readonly #apiKey: string;

  constructor({ url, apiKey }: GatewayAddress) {
    this.url = url.replace(/\/+$/, '');
    this.#apiKey = apiKey;
  }

  /** The JSON object that is answered, and when to ask again. Rejects with GatewayError. */
  async post<Answer>({ path, body, timeoutMs, signal }: Post): Promise<Answered<Answer>> {
    const { controller, release } = linkedController(signal);
    const timer = setTimeout(() => controller.abort(), timeoutMs);
    try {
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body, signal: controller.signal };
      const response = await this.#fetch(path, init);
      // An answer that has begun is read to its end, abort or not: it may hand out jobs.
      release();
      const answer = parse(await response.text());
      const retryAfterMs = parseRetryAfter(response.headers);
      if (response.ok && answer) return { answer: answer as Answer, retryAfterMs };
      throw toGatewayError(response, answer);
    } catch (error) {
      throw error instanceof GatewayError ? error : this.unanswered(error, timeoutMs);
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  /** An answer whose body is still to be read. Rejects with GatewayError. */
  async open(
    path: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Response> {
    const response = await this.#fetch(path, { method: 'GET', headers, signal });
    if (response.ok) return response;
    throw toGatewayError(response, parse(await response.text()));
  }

  /** The error of a `fetch` that threw. */
  unanswered(error: unknown, timeoutMs: number): NetworkError {
    const cause = (error as Error).cause ?? error;
    const { name, code, message } = cause as Error & { code?: string };
    const why = name === 'AbortError' ? `nothing within ${timeoutMs / 1000} s` : code || message;
    return new NetworkError(`The gateway at ${this.url} does not answer: ${why}`, { cause });
  }

  #fetch(path: string, { headers, ...init }: RequestInit): Promise<Response> {
    return fetch(`${this.url}${PREFIX}${path}`, {
      ...init,
      headers: { ...(headers as Record<string, string>), 'x-api-key': this.#apiKey },
      // A redirect would carry the key to wherever it points.
      redirect: 'manual',
    });
  }
}

/** Undefined unless the text is a JSON object. */
function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? value : undefined;
  } catch {
    return undefined;
  }
}
