// Calls to the gateway over HTTP, for programs that must know whether they were answered.
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  status: number;
  text: string;
  json: any;
}

/** Longer than any answer takes that is not held back. */
const TIMEOUT_MS = 5000;
const PATIENCE_MS = 30_000;
const RETRY_MS = 50;

export class GatewayClient {
  readonly url: string;
  readonly apiKey: string;
  readonly #retryMs: number;

  constructor(url: string, apiKey: string, retryMs = RETRY_MS) {
    this.url = url;
    this.apiKey = apiKey;
    this.#retryMs = retryMs;
  }

  /** Undefined when no answer came: what was asked may have been done or not. */
  async post(
    path: string,
    body: object,
    headers: Record<string, string> = {},
  ): Promise<Answer | undefined> {
    const init = { method: 'POST', body: JSON.stringify(body) };
    return this.#fetch(path, init, { 'content-type': 'application/json', ...headers });
  }

  /** Asks again until it is answered. Throws when nobody answers for half a minute. */
  async postUntilAnswered(
    path: string,
    body: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
      const answer = await this.post(path, body, headers);
      if (answer) return answer;
      await sleep(this.#retryMs);
    }
    throw new Error(`The gateway does not answer ${path}`);
  }

  async isReady(): Promise<boolean> {
    return (await this.#fetch('authenticate', {}, {}))?.status === 200;
  }

  async #fetch(
    path: string,
    init: RequestInit,
    headers: Record<string, string>,
  ): Promise<Answer | undefined> {
    try {
      const response = await fetch(`${this.url}/v1/toolkit/${path}`, {
        ...init,
        headers: { 'x-api-key': this.apiKey, ...headers },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const text = await response.text();
      return { status: response.status, text, json: JSON.parse(text) };
    } catch {
      return undefined;
    }
  }
}
