// One attempt: the body as it was frozen, signed, sent, and its outcome kept in the store.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../contract/clock.ts';
import { JobgateError } from '../contract/errors.ts';
import { resultEnvelopeText } from '../contract/status.ts';
import type { WebhookAttempt } from '../contract/webhook.ts';
import type { JobStore, PendingWebhook, WebhookFate } from '../store/job-store.ts';
import { liveSecrets } from './secrets.ts';
import type { WebhookResponse, WebhookSender } from './send-webhook.ts';
import { signatureHeaders } from './signature.ts';
import { attemptOf, fateOf } from './verdict.ts';

/** For everything together: the look-up, the connection, the answer. */
const TIMEOUT_MS = 15_000;

/** After the store failed. */
const RETRY_MS = 1000;

/** An attempt that was made, for who watches over it: nothing of the body or the answer. */
export interface MadeAttempt {
  webhook: PendingWebhook;
  attempt: WebhookAttempt;
  fate: WebhookFate;
}

/** Makes the requests. */
export type Sender = Pick<WebhookSender, 'send' | 'close'>;

export interface AttemptOptions {
  store: JobStore;
  clock: Clock;
  /** Called when the first webhook is sent. */
  openSender(): Promise<Sender>;
  /** The gateway's version, for `user-agent`. */
  buildNumber: string;
  onAttempt(made: MadeAttempt): void;
  /** Told of what the store could not do; it is tried again. */
  onError(error: unknown, what: string): void;
}

/** What is sent, or why nothing can be. */
export type Body = { text: string; fault?: never } | { text?: never; fault: string };

export class Attempts {
  readonly #options: AttemptOptions;
  readonly #stopping: AbortSignal;
  #sender: Promise<Sender> | undefined;

  constructor(options: AttemptOptions, stopping: AbortSignal) {
    this.#options = options;
    this.#stopping = stopping;
  }

  /** The same for every attempt; undefined when the job is gone. */
  async bodyOf({ deliveryId }: PendingWebhook): Promise<Body | undefined> {
    const { store } = this.#options;
    try {
      const message = await store.findWebhookMessage(deliveryId);
      return message && { text: resultEnvelopeText(message, message.end, store.queueId) };
    } catch (error) {
      const isDamaged = error instanceof JobgateError && error.code === 'internal';
      if (isDamaged) return { fault: `Nothing was sent: ${error.message}` };
      throw error;
    }
  }

  /**
   * Resolves, once the outcome is kept, to whether the receiver answered. What the stop of the
   * gateway ends is not kept: it stays due.
   */
  async make(webhook: PendingWebhook, body: Body): Promise<boolean> {
    const { clock, store, onAttempt } = this.#options;
    const at = clock.now();
    const response = await this.#send(webhook, body, at);
    const isAnswered = response.status !== null;
    if (!isAnswered && this.#stopping.aborted) return false;
    const attempt = attemptOf(response, at);
    const fate = fateOf(response, webhook.step, clock.now());
    onAttempt({ webhook, attempt, fate });
    await this.untilDone('keep an attempt of a webhook', () =>
      store.recordWebhookAttempt(webhook, attempt, fate),
    );
    return isAnswered;
  }

  /** Ends the requests that are made. */
  async close(): Promise<void> {
    const sender = await this.#sender?.catch(() => undefined);
    await sender?.close();
  }

  /** Again and again, as long as the store fails and the gateway runs. */
  async untilDone<T>(what: string, action: () => Promise<T>): Promise<T | undefined> {
    for (let tries = 1; tries === 1 || !this.#stopping.aborted; tries += 1) {
      try {
        return await action();
      } catch (error) {
        // A disk may be full for hours: once is enough for the log.
        if (tries === 1) this.#options.onError(error, what);
        await sleep(RETRY_MS, undefined, { signal: this.#stopping }).catch(() => {});
      }
    }
    return undefined;
  }

  async #send({ url, deliveryId: id, tenant }: PendingWebhook, body: Body, at: number) {
    const { store, buildNumber, openSender } = this.#options;
    if (body.text === undefined) return unanswered(body.fault);
    const secrets = await this.untilDone('sign a webhook', () => liveSecrets(store, tenant));
    if (!secrets) return unanswered('the gateway is stopping');
    // What could not be loaded is loaded anew for the next.
    this.#sender ??= openSender().catch((error: unknown) => {
      this.#sender = undefined;
      throw error;
    });
    const sender = await this.#sender;
    const message = { id, at, body: body.text };
    const headers = {
      'content-type': 'application/json',
      'user-agent': `Jobgate/${buildNumber}`,
      ...signatureHeaders(
        message,
        secrets.map(({ secret }) => secret),
      ),
    };
    return sender.send({ url, headers, body: body.text, timeoutMs: TIMEOUT_MS });
  }
}

function unanswered(error: string): WebhookResponse {
  const nothing = { status: null, excerpt: null, retryAfterMs: null, durationMs: 0 };
  return { ...nothing, error, refused: false };
}
