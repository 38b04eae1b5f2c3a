// A deliverer of the tests: a real store, the real sender, and receivers on loopback.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/cli/system-clock.ts';
import type { Clock } from '../../src/contract/clock.ts';
import { JsonText } from '../../src/contract/json-text.ts';
import type { WebhookDelivery } from '../../src/contract/webhook.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import type { MadeAttempt } from '../../src/webhooks/attempts.ts';
import { Deliverer } from '../../src/webhooks/deliverer.ts';
import { WebhookSender } from '../../src/webhooks/send-webhook.ts';
import { ENDPOINT, newJob, openTestStore, TENANT } from '../store/sqlite/world.ts';
import { WebhookReceiver, type Arrival, type Reply } from '../webhook-receiver.ts';

const RESULT = new JsonText('{"said":"Hello"}');

export interface BenchOptions {
  clock?: Clock;
  allow?: string[];
}

export class DelivererBench {
  readonly clock: Clock;
  readonly failed: MadeAttempt[] = [];
  readonly errors: unknown[] = [];
  store: JobStore;
  deliverer: Deliverer;
  readonly #path: string;
  readonly #allow: string[];

  constructor({ clock = systemClock, allow = ['127.0.0.0/8'] }: BenchOptions = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'jobgate-webhooks-'));
    this.clock = clock;
    this.#allow = allow;
    this.#path = join(folder, 'jobgate.db');
    this.store = openTestStore(this.#path, { clock });
    this.deliverer = this.#deliver();
    onTestFinished(async () => {
      await this.stop();
      rmSync(folder, { recursive: true, force: true });
    });
  }

  #deliver(): Deliverer {
    const { clock } = this;
    const deliverer = new Deliverer({
      store: this.store,
      clock,
      openSender: async () => new WebhookSender({ allow: this.#allow, clock }),
      buildNumber: '1.2.3',
      onAttempt: (made) => void (made.fate.state !== 'delivered' && this.failed.push(made)),
      onError: (error) => this.errors.push(error),
    });
    deliverer.start();
    return deliverer;
  }

  async stop(): Promise<void> {
    await this.deliverer.stop();
    await this.store.close();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.store = openTestStore(this.#path, { clock: this.clock });
    this.deliverer = this.#deliver();
  }

  /** Submits a job with the address and ends it; resolves to its id. */
  async end(webhookUrl: string, status: 'done' | 'failed' = 'done'): Promise<string> {
    const job = { ...newJob({}, 'mine'), webhookUrl };
    const [submitted] = await this.store.submit([job]);
    const request = { tenant: TENANT, endpoints: [ENDPOINT], workerId: 'w', workerPid: 5 };
    const [claimed] = await this.store.claim({ ...request, max: 1, leaseSeconds: 60 });
    const holder = { tenant: TENANT, ...claimed! };
    const failure = { code: 500, message: 'It broke', retry: false, retryDelayMs: null };
    if (status === 'done') await this.store.complete(holder, RESULT);
    else await this.store.fail(holder, failure);
    return submitted!.jobId;
  }

  /** The job's latest delivery. */
  async find(jobId: string): Promise<WebhookDelivery> {
    const [delivery] = (await this.store.listWebhookDeliveries({ tenant: TENANT, jobId }, 1)) ?? [];
    if (!delivery) throw new Error(`${jobId} has no delivery`);
    return delivery;
  }

  /** The delivery once so many attempts are kept. */
  async untilAttempts(jobId: string, count: number): Promise<WebhookDelivery> {
    return this.untilDelivery(jobId, ({ attempts }) => attempts.length >= count);
  }

  async untilDelivery(
    jobId: string,
    condition: (delivery: WebhookDelivery) => boolean,
  ): Promise<WebhookDelivery> {
    for (;;) {
      const delivery = await this.find(jobId);
      if (condition(delivery)) return delivery;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** A receiver that is gone after the test. */
export async function receiverFor(reply?: (arrival: Arrival) => Reply): Promise<WebhookReceiver> {
  const receiver = await WebhookReceiver.start(reply);
  onTestFinished(() => receiver.close());
  return receiver;
}
