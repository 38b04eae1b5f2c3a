// The deliverer: sends what is due from the outbox, at least once, each host in a lane of its own.
import type { PendingWebhook, WebhookHost } from '../store/job-store.ts';
import { Attempts, type AttemptOptions, type Body } from './attempts.ts';
import { HostLanes, MAX_PER_HOST, type HostLane } from './host-lanes.ts';
import { isDue } from './schedule.ts';

/** What is being sent when the gateway stops may still take as long; then it is sent again later. */
const STOP_GRACE_MS = 1000;

/** After the store failed. */
const RETRY_MS = 1000;

/** The machine's time may be set forward meanwhile. */
const LONGEST_SLEEP_MS = 250;

export class Deliverer {
  readonly #options: AttemptOptions;
  readonly #attempts: Attempts;
  readonly #lanes = new HostLanes();
  readonly #runs = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #unsubscribe: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #pumping: Promise<void> | undefined;
  #isStale = false;

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#attempts = new Attempts(options, this.#stopping.signal);
  }

  /** Goes on with everything that is pending, and hears of what comes. */
  start(): void {
    this.#unsubscribe = this.#options.store.onWebhookDue((due) => this.#heed(due));
    const reading = this.#heedPending().finally(() => this.#runs.delete(reading));
    this.#runs.add(reading);
  }

  /** Finishes what is being sent, or after a second leaves it pending. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#pumping;
    const bound = setTimeout(() => void this.#attempts.close(), STOP_GRACE_MS);
    await Promise.all(this.#runs);
    clearTimeout(bound);
    await this.#attempts.close();
  }

  async #heedPending(): Promise<void> {
    const { store } = this.#options;
    const read = () => store.listWebhookHosts();
    const hosts = await this.#attempts.untilDone('find the pending webhooks', read);
    for (const host of hosts ?? []) this.#heed(host);
  }

  #heed({ host, nextAttemptAt }: WebhookHost): void {
    this.#lanes.get(host).heed(nextAttemptAt);
    this.#pump();
  }

  /** One at a time: what is told meanwhile makes it run once more. */
  #pump(): void {
    this.#isStale = true;
    if (!this.#stopping.signal.aborted) this.#pumping ??= this.#pumpAll();
  }

  async #pumpAll(): Promise<void> {
    // After all that the same commit has to tell.
    await Promise.resolve();
    while (this.#isStale && !this.#stopping.signal.aborted) {
      this.#isStale = false;
      for (const lane of this.#lanes.ready(this.#options.clock.now())) await this.#serve(lane);
    }
    this.#pumping = undefined;
    this.#sleep();
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    const dueInMs = this.#lanes.nextDueAt() - this.#options.clock.now();
    if (dueInMs === Infinity || this.#stopping.signal.aborted) return;
    const sleepMs = Math.min(Math.max(dueInMs, 0), LONGEST_SLEEP_MS);
    this.#timer = setTimeout(() => this.#pump(), sleepMs);
  }

  async #serve(lane: HostLane): Promise<void> {
    try {
      await this.#sendDue(lane);
    } catch (error) {
      this.#options.onError(error, 'send webhooks');
      lane.heed(this.#options.clock.now() + RETRY_MS);
    }
    this.#lanes.drop(lane);
  }

  async #sendDue(lane: HostLane): Promise<void> {
    // What is told from here on makes it due again.
    lane.dueAt = Infinity;
    // As it was before they are read: what ends meanwhile is still among them.
    const sending = new Set(lane.sending.keys());
    const limit = sending.size + MAX_PER_HOST + 1;
    const webhooks = await this.#options.store.listPendingWebhooks(lane.host, limit);
    for (const webhook of webhooks) {
      if (sending.has(webhook.deliveryId)) continue;
      const mayBegin = isDue(webhook.nextAttemptAt, this.#options.clock.now());
      if (!mayBegin || !this.#lanes.hasRoom(lane) || this.#stopping.signal.aborted) {
        lane.heed(webhook.nextAttemptAt);
        return;
      }
      const body = await this.#attempts.bodyOf(webhook);
      if (body) this.#begin(lane, webhook, body);
    }
    // There may be more.
    if (webhooks.length === limit) lane.heed(this.#options.clock.now());
  }

  #begin(lane: HostLane, webhook: PendingWebhook, body: Body): void {
    this.#lanes.begin(lane, webhook.deliveryId, Buffer.byteLength(body.text ?? ''));
    const run = this.#run(lane, webhook, body).finally(() => this.#runs.delete(run));
    this.#runs.add(run);
  }

  async #run(lane: HostLane, webhook: PendingWebhook, body: Body): Promise<void> {
    let pauseMs = 0;
    try {
      this.#lanes.note(lane, await this.#attempts.make(webhook, body));
    } catch (error) {
      this.#options.onError(error, 'send a webhook');
      pauseMs = RETRY_MS;
    }
    this.#lanes.end(lane, webhook.deliveryId);
    this.#heed({ host: lane.host, nextAttemptAt: this.#options.clock.now() + pauseMs });
  }
}
