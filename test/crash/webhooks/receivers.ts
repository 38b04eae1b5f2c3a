// The receivers of the webhook trial: one well, one moody, one that hangs; and what they hold to.
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import type { Random } from '../../store/sqlite/damage.ts';
import { WebhookReceiver, type Arrival, type Reply } from '../../webhook-receiver.ts';
import type { GatewayClient } from '../gateway-client.ts';

/** Longer than the schedule takes for the faults there are. */
const PATIENCE_MS = 120_000;
const LONGEST_ANSWER_MS = 30;
const MOST_FAULTS_NAMED = 50;

/** What arrived under one id. */
interface Told {
  jobId: string;
  body: string;
  times: number;
}

export class Receivers {
  readonly #random: Random;
  readonly #mostFaults: number;
  readonly #badly = new Map<string, number>();
  /** By `webhook-id`. */
  readonly #told = new Map<string, Told>();
  readonly #idOf = new Map<string, string>();
  readonly #faults: string[] = [];
  #all: WebhookReceiver[] = [];
  #isCalm = false;
  #onArrival: () => void = () => {};
  #requests = 0;
  secret = '';

  private constructor(random: Random, mostFaults: number) {
    this.#random = random;
    this.#mostFaults = mostFaults;
  }

  static async start(random: Random, mostFaults: number): Promise<Receivers> {
    const receivers = new Receivers(random, mostFaults);
    const moods = [() => undefined, () => receivers.#badAnswer(), () => 'hang' as const];
    receivers.#all = await Promise.all(
      moods.map((mood) => WebhookReceiver.start((arrival) => receivers.#take(arrival, mood))),
    );
    return receivers;
  }

  get urls(): string[] {
    return this.#all.map(({ url }) => url);
  }

  /** Requests without an answer. */
  get open(): number {
    return this.#all.reduce((sum, { open }) => sum + open, 0);
  }

  nextArrival(): Promise<void> {
    return new Promise((resolve) => (this.#onArrival = resolve));
  }

  /** From now on every answer is good, and comes. */
  calmDown(): void {
    this.#isCalm = true;
    for (const receiver of this.#all) receiver.release();
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((receiver) => receiver.close()));
  }

  /** Once everything was told: that each job was told once, with what the gateway says of it. */
  async reckon(client: GatewayClient, jobIds: string[], inHurry: boolean) {
    if (inHurry) for (const jobId of jobIds) await redeliverPending(client, jobId);
    await this.#untilDelivered(client, jobIds);
    for (const jobId of jobIds) await this.#holdToStatus(client, jobId);
    const repeated = [...this.#told.values()].filter(({ times }) => times > 1).length;
    const badAnswers = [...this.#badly.values()].reduce((sum, one) => sum + one, 0);
    const told = jobIds.filter((jobId) => this.#idOf.has(jobId)).length;
    return { told, requests: this.#requests, repeated, badAnswers, faults: this.#faults };
  }

  #take(arrival: Arrival, mood: () => Reply | undefined): Reply {
    this.#requests += 1;
    this.#note(arrival);
    this.#onArrival();
    const badly = this.#badly.get(arrival.id) ?? 0;
    const bad = this.#isCalm || badly >= this.#mostFaults ? undefined : mood();
    if (bad) this.#badly.set(arrival.id, badly + 1);
    return bad ?? { status: 200, body: 'ok', afterMs: this.#random(LONGEST_ANSWER_MS) };
  }

  #badAnswer(): Reply | undefined {
    const bad: (Reply | undefined)[] = [
      undefined,
      'close',
      { status: 500, body: 'moody' },
      { status: 302, headers: { location: '/elsewhere' } },
    ];
    return bad[this.#random(bad.length)];
  }

  /** The same id comes with the same body of the same job, and a signature that holds. */
  #note({ id, path, headers, body }: Arrival): void {
    if (path !== '/hook') this.#fault(`${id} came to ${path}`);
    try {
      new Webhook(this.secret).verify(body, headers as Record<string, string>);
    } catch (error) {
      this.#fault(`${id}: ${String(error)}`);
    }
    const jobId = String(JSON.parse(body).job_id);
    const known = this.#told.get(id);
    if (known && known.body !== body) this.#fault(`${id} came with another body`);
    this.#told.set(id, { jobId, body, times: (known?.times ?? 0) + 1 });
    const first = this.#idOf.get(jobId) ?? id;
    if (first !== id) this.#fault(`${jobId} was told as ${first} and as ${id}`);
    this.#idOf.set(jobId, first);
  }

  async #untilDelivered(client: GatewayClient, jobIds: string[]): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    const left = new Set(jobIds);
    while (left.size > 0) {
      for (const jobId of left) {
        if ((await stateOf(client, jobId)) !== 'delivered') break;
        left.delete(jobId);
      }
      if (left.size > 0) await sleep(100);
      if (performance.now() > end) return this.#fault(`${left.size} webhooks are not delivered`);
    }
  }

  async #holdToStatus(client: GatewayClient, jobId: string): Promise<void> {
    const { json } = await client.postUntilAnswered('job/status', { job_id: jobId });
    const id = this.#idOf.get(jobId);
    const told = id === undefined ? undefined : this.#told.get(id);
    if (!told) this.#fault(`${jobId} is ${json.response.job_status} and was not told`);
    else if (told.body !== JSON.stringify(json.response.response))
      this.#fault(`${jobId} was told otherwise than its status says`);
    if (id !== (await deliveryOf(client, jobId)).delivery_id)
      this.#fault(`${jobId} has another delivery than ${id}`);
  }

  #fault(what: string): void {
    if (this.#faults.length < MOST_FAULTS_NAMED) this.#faults.push(what);
  }
}

async function deliveryOf(client: GatewayClient, jobId: string): Promise<any> {
  const { json } = await client.postUntilAnswered('webhook/deliveries', { job_id: jobId });
  return json.deliveries.length === 1 ? json.deliveries[0] : {};
}

/** At once instead of by the schedule. */
async function redeliverPending(client: GatewayClient, jobId: string): Promise<void> {
  const { state, delivery_id } = await deliveryOf(client, jobId);
  if (state === 'pending') await client.postUntilAnswered('webhook/redeliver', { delivery_id });
}

async function stateOf(client: GatewayClient, jobId: string): Promise<string> {
  return (await deliveryOf(client, jobId)).state;
}
