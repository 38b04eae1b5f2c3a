// Ends jobs through the gateway's own endpoints, whatever the kills leave of its calls.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../store/sqlite/damage.ts';
import type { GatewayClient } from '../gateway-client.ts';

const ENDPOINT = '/v1/trial/tell';
const LEASE_SECONDS = 5;
const PATIENCE_MS = 60_000;

export class JobEnder {
  readonly #client: GatewayClient;
  readonly #urls: readonly string[];
  readonly #random: Random;
  readonly jobIds = new Set<string>();

  constructor(client: GatewayClient, urls: readonly string[], random: Random) {
    this.#client = client;
    this.#urls = urls;
    this.#random = random;
  }

  /** Submits so many jobs and ends what waits. */
  async endSome(count: number): Promise<void> {
    const jobs = Array.from({ length: count }, () => ({
      endpoint: ENDPOINT,
      webhook_url: this.#urls[this.#random(this.#urls.length)],
    }));
    const submitted = await this.#client.postUntilAnswered('jobs/submit', { jobs });
    for (const { job_id } of submitted.json.jobs) this.jobIds.add(job_id);
    await this.endWaiting();
  }

  /** Claims what waits and ends it, most of it done. */
  async endWaiting(): Promise<void> {
    const claim = { worker_id: 'ender', endpoints: [ENDPOINT], max: 100 };
    const answer = await this.#client.post('worker/claim', {
      ...claim,
      lease_seconds: LEASE_SECONDS,
    });
    await Promise.all((answer?.json.jobs ?? []).map((job: Claimed) => this.#end(job)));
  }

  async #end({ job_id, lease_token }: Claimed): Promise<void> {
    const holder = { job_id, lease_token };
    const text = `${job_id} `.repeat(this.#random(50));
    if (this.#random(5) > 0)
      await this.#client.post('worker/complete', { ...holder, result: text });
    else await this.#client.post('worker/fail', { ...holder, message: 'as planned', retry: false });
  }
}

interface Claimed {
  job_id: string;
  lease_token: string;
}

/** What a kill left queued or running ends, too. */
export async function endAll(client: GatewayClient, ender: JobEnder): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; ;) {
    await ender.endWaiting();
    const { json } = await client.postUntilAnswered('jobs/stats', {});
    const { queued, running } = json.by_status;
    if (queued + running === 0) return;
    if (performance.now() > end) throw new Error('jobs are left that do not end');
    await sleep(200);
  }
}
