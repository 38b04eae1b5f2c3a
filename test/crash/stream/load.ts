// The load of the stream trial: jobs that are claimed and handed back again and again, then completed.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../store/sqlite/damage.ts';
import type { GatewayClient } from '../gateway-client.ts';

const LANES = 4;
const LEASE_SECONDS = 5;
/** Claims of a job until it is completed, about. */
const CLAIMS = 25;
const PAUSE_MS = 10;

export class Load {
  readonly #client: GatewayClient;
  readonly #random: Random;
  readonly #onJob: (jobId: string) => void;
  #submitted = 0;
  #isOver = false;
  #lanes: Promise<void>[] = [];

  constructor(client: GatewayClient, random: Random, onJob: (jobId: string) => void) {
    this.#client = client;
    this.#random = random;
    this.#onJob = onJob;
  }

  start(): void {
    this.#lanes = Array.from({ length: LANES }, (_, lane) => this.#run(endpointOf(lane)));
  }

  /** Resolves once every job has ended; those whose claim was lost after their lease. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#lanes);
    const endpoints = Array.from({ length: LANES }, (_, lane) => endpointOf(lane));
    while (await this.#hasOpenJobs()) {
      const { json } = await this.#client.postUntilAnswered('worker/claim', {
        ...CLAIM,
        endpoints,
        max: 100,
        wait_seconds: 1,
      });
      for (const job of json.jobs) await this.#report('complete', job);
    }
  }

  /** Sends nothing more. */
  abandon(): void {
    this.#isOver = true;
  }

  async #hasOpenJobs(): Promise<boolean> {
    const { queued, running } = (await this.#client.postUntilAnswered('jobs/stats', {})).json
      .by_status;
    return queued + running > 0;
  }

  async #run(endpoint: string): Promise<void> {
    while (!this.#isOver) {
      // Nobody answered: whoever has the job does nothing, until its lease lapses.
      const claim = await this.#client.post('worker/claim', { ...CLAIM, endpoints: [endpoint] });
      const [job] = claim?.json.jobs ?? [];
      if (job) await this.#report(this.#random(CLAIMS) === 0 ? 'complete' : 'release', job);
      else await this.#submit(endpoint);
      await sleep(this.#random(PAUSE_MS));
    }
  }

  async #submit(endpoint: string): Promise<void> {
    this.#submitted += 1;
    const job = { endpoint, idempotency_key: `job-${this.#submitted}` };
    const answer = await this.#client.postUntilAnswered('job/submit', job);
    this.#onJob(answer.json.job_id);
  }

  async #report(verb: 'complete' | 'release', { job_id, lease_token }: any): Promise<void> {
    const result = verb === 'complete' ? { result: 'ok' } : {};
    const lease = { job_id, lease_token };
    await this.#client.postUntilAnswered('worker/progress', { ...lease, percent: 50 });
    await this.#client.postUntilAnswered(`worker/${verb}`, { ...lease, ...result });
  }
}

const CLAIM = { worker_id: 'trial', lease_seconds: LEASE_SECONDS };

function endpointOf(lane: number): string {
  return `/v1/trial/lane-${lane}`;
}
