// The sender: one attempt to deliver a webhook, to an address that was checked and to no other.
import { lookup } from 'node:dns/promises';
import { isIPv6, type LookupFunction } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import type { Clock } from '../contract/clock.ts';
import { AddressGuard } from './address-guard.ts';
import { describeSendFault } from './send-fault.ts';
import { EXCERPT_BYTES, readRetryAfter, toExcerpt } from './webhook-answer.ts';
import { hostOf, literalAddresses, readWebhookUrl } from './webhook-url.ts';

export interface WebhookRequest {
  url: string;
  headers: Record<string, string>;
  /** Sent as it is, by POST. */
  body: string;
  /** For everything together: the look-up, the connection, the answer. */
  timeoutMs: number;
}

/** What became of one attempt. */
export interface WebhookResponse {
  /** HTTP status, also of a redirect, which is not followed; null when there was no answer. */
  status: number | null;
  /** Why there was none, or why the address was refused, in a sentence for people; null when answered. */
  error: string | null;
  /** First bytes of the answer, as text of at most 1,024 bytes; null when there was none, or it is compressed. */
  excerpt: string | null;
  /** Retry-After of the answer in milliseconds from now, up to a day. */
  retryAfterMs: number | null;
  durationMs: number;
  /** True for a URL or an address that the policy refuses: nothing was sent. */
  refused: boolean;
}

/** Every address of a name. Rejects as `dns.lookup` does. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export interface WebhookSenderOptions {
  /** The networks and addresses of WEBHOOK_ALLOW. Throws RangeError for anything else. */
  allow: readonly string[];
  clock: Clock;
  /** Default: the system's resolver, `/etc/hosts` included. */
  resolve?: Resolve;
}

type Outcome = Partial<WebhookResponse>;

/** A URL with the addresses that were checked for it. */
interface Target {
  url: URL;
  addresses: readonly string[];
}

const MAX_HEADER_BYTES = 16 * 1024;

export class WebhookSender {
  readonly #guard: AddressGuard;
  readonly #clock: Clock;
  readonly #resolve: Resolve;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor({ allow, clock, resolve = resolveBySystem }: WebhookSenderOptions) {
    this.#guard = new AddressGuard({ allow, clock });
    this.#clock = clock;
    this.#resolve = resolve;
  }

  /** Makes one attempt; never rejects. Ends early when `signal` is aborted or the sender closed. */
  async send(request: WebhookRequest, signal?: AbortSignal): Promise<WebhookResponse> {
    const startedAt = this.#clock.monotonic();
    const attempt = this.#attempt(request, signal);
    this.#running.add(attempt);
    const outcome = await attempt;
    this.#running.delete(attempt);
    const durationMs = Math.round(this.#clock.monotonic() - startedAt);
    return { ...NOTHING, ...outcome, durationMs };
  }

  /** Ends the attempts that run, and resolves once their connections are closed. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the gateway is stopping'));
    await Promise.all(this.#running);
  }

  async #attempt(request: WebhookRequest, signal?: AbortSignal): Promise<Outcome> {
    const { url, fault } = readWebhookUrl(request.url);
    if (!url) return refused(fault);
    const ending = [this.#closing.signal, ...(signal ? [signal] : [])];
    try {
      return await withinTime(request.timeoutMs, ending, (ended) =>
        this.#deliver(url, request, ended),
      );
    } catch (error) {
      return { error: describeSendFault(error, url.host) };
    }
  }

  async #deliver(url: URL, request: WebhookRequest, ended: AbortSignal): Promise<Outcome> {
    const host = hostOf(url);
    const known = literalAddresses(host, this.#guard);
    const addresses = known ?? (await orAborted(this.#resolve(host), ended));
    if (addresses.length === 0) throw noAddress();
    const refusal = this.#guard.refusal(host, addresses);
    if (refusal) return refused(refusal);
    return exchange({ url, addresses }, request, { ended, clock: this.#clock });
  }
}

const NOTHING = { status: null, error: null, excerpt: null, retryAfterMs: null, refused: false };

function refused(error: string): Outcome {
  return { error, refused: true };
}

async function resolveBySystem(hostname: string): Promise<string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}

function noAddress(): Error {
  return Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' });
}

/** One request over one connection of its own: none is kept that would pass by the next check. */
async function exchange(
  target: Target,
  request: WebhookRequest,
  { ended, clock }: { ended: AbortSignal; clock: Clock },
): Promise<Outcome> {
  const client = new Client(target.url.origin, pinnedTo(target.addresses, request.timeoutMs));
  try {
    const answer = await client.request({
      method: 'POST',
      path: target.url.pathname + target.url.search,
      headers: { 'accept-encoding': 'identity', ...request.headers },
      body: request.body,
      signal: ended,
      reset: true,
    });
    return await toOutcome(answer, clock);
  } finally {
    await client.destroy();
  }
}

/** Not to resolve again is the point: between two look-ups a name can change. */
function pinnedTo(addresses: readonly string[], timeoutMs: number): Client.Options {
  return {
    connect: { lookup: answerWith(addresses), timeout: timeoutMs },
    autoSelectFamily: true,
    allowH2: false,
    maxCachedSessions: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  };
}

function answerWith(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_hostname, options, callback) => {
    const [first] = all;
    if (options.all) callback(null, all);
    else callback(null, first?.address ?? '', first?.family);
  };
}

async function toOutcome(answer: Dispatcher.ResponseData, clock: Clock): Promise<Outcome> {
  const { statusCode: status, headers, body } = answer;
  const start = await readStart(body);
  return {
    status,
    excerpt: isCompressed(headers['content-encoding']) ? null : toExcerpt(start),
    retryAfterMs: readRetryAfter(headers['retry-after'], clock.now()),
  };
}

function isCompressed(encoding: string | string[] | undefined): boolean {
  return encoding !== undefined && String(encoding).toLowerCase() !== 'identity';
}

async function readStart(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      if (lengthOf(chunks) >= EXCERPT_BYTES) break;
    }
  } catch {
    // The status has come: how the rest of the answer fares decides nothing.
  }
  return Buffer.concat(chunks).subarray(0, EXCERPT_BYTES);
}

function lengthOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

/** Runs `work` with a signal that ends it after `timeoutMs`, or with any of `others`. */
async function withinTime<T>(
  timeoutMs: number,
  others: readonly AbortSignal[],
  work: (ended: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const reason = new Error(`there was no answer within ${timeoutMs / 1000} s`);
  const timer = setTimeout(() => late.abort(reason), timeoutMs);
  try {
    const ended = AbortSignal.any([late.signal, ...others]);
    ended.throwIfAborted();
    return await work(ended);
  } finally {
    clearTimeout(timer);
  }
}

/** A look-up cannot be called off, only be waited for no longer. */
async function orAborted<T>(work: Promise<T>, ended: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(ended.reason as Error);
  ended.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    ended.removeEventListener('abort', stop);
  }
}
