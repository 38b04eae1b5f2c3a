// The load of the kill trial: submissions, cancellations and retries, and looks at what became of them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../store/sqlite/damage.ts';
import { GatewayClient } from '../gateway-client.ts';
import type { Plan } from '../worker-program.ts';
import type { Checker } from './checker.ts';

export const ENDPOINTS = ['/v1/trial/convert', '/v1/trial/transcribe'];

const SUBMITTERS = 3;
const LOOKERS = 2;
/** A pause of a submitter is at most as long, milliseconds; of a looker always. */
const SUBMIT_PAUSE_MS = 120;
const LOOK_PAUSE_MS = 25;
/** After what nobody answered: asked more often, a gateway that starts would lack a tenth of a core. */
const DOWN_PAUSE_MS = 200;
/** For each job that waits: what the killed workers do not get through would pile up for the end. */
const PAUSE_PER_QUEUED_MS = 5;

/** How far back a look at a recent job goes. */
const RECENT_JOBS = 50;

export class Load {
  readonly #client: GatewayClient;
  readonly #checker: Checker;
  readonly #random: Random;
  #sent = 0;
  #isOver = false;
  readonly #jobIds: string[] = [];
  #loops: Promise<void>[] = [];
  unanswered = 0;

  constructor(client: GatewayClient, checker: Checker, random: Random) {
    this.#client = new GatewayClient(client.url, client.apiKey, DOWN_PAUSE_MS);
    this.#checker = checker;
    this.#random = random;
  }

  start(): void {
    this.#loops = [
      ...Array.from({ length: SUBMITTERS }, () => this.#keepSubmitting()),
      ...Array.from({ length: LOOKERS }, () => this.#keepLooking()),
    ];
  }

  /** Sends nothing new. */
  end(): void {
    this.#isOver = true;
  }

  /** Resolves when everything that was sent is answered. */
  async stop(): Promise<void> {
    this.end();
    await Promise.all(this.#loops);
  }

  async #keepSubmitting(): Promise<void> {
    while (!this.#isOver) {
      const queued = await (this.#random(10) === 0 ? this.#submitMany() : this.#submitOne());
      await sleep(this.#random(SUBMIT_PAUSE_MS) + queued * PAUSE_PER_QUEUED_MS);
    }
  }

  /** Resolves to how many jobs wait, as it was answered. */
  async #submitOne(): Promise<number> {
    const job = this.#newJob();
    const answer = await this.#untilAccepted('job/submit', job, job.id);
    if (answer) this.#note(answer.job_id, job);
    if (answer && this.#random(12) === 0) await this.#cancel(answer.job_id);
    return answer?.queue_length ?? 0;
  }

  async #submitMany(): Promise<number> {
    const jobs = Array.from({ length: 2 + this.#random(6) }, () => this.#newJob());
    const keyed = jobs.map((job) => ({ ...job, idempotency_key: job.id }));
    const answer = await this.#untilAccepted('jobs/submit', { jobs: keyed });
    for (const [i, { job_id: jobId }] of (answer?.jobs ?? []).entries())
      this.#note(jobId, jobs[i]!);
    return answer?.jobs.at(-1).queue_length ?? 0;
  }

  /** The same submission again when nobody answered: its key keeps it from being a second job. */
  async #untilAccepted(path: string, body: object, key?: string): Promise<any> {
    const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
    const first = await this.#client.post(path, body, headers);
    if (!first) this.unanswered += 1;
    const answer = first ?? (await this.#client.postUntilAnswered(path, body, headers));
    if (answer.status === 202) return answer.json;
    return this.#checker.fault(`${path} was answered ${answer.status}: ${answer.text}`);
  }

  #newJob() {
    this.#sent += 1;
    const id = `job-${this.#sent}`;
    const text = `${id} `.repeat(this.#random(20) === 0 ? 1500 : 5 + this.#random(60));
    const payload = { plan: this.#newPlan(), text };
    return { id, endpoint: ENDPOINTS[this.#random(ENDPOINTS.length)]!, payload };
  }

  #newPlan(): Plan {
    const end = this.#random(10);
    return {
      end: end === 0 ? 'fail' : end === 1 ? 'fail_once' : 'done',
      // A few are long, so that workers are killed with a job in hand.
      ms: this.#random(8) === 0 ? 300 + this.#random(700) : this.#random(30),
    };
  }

  #note(jobId: string, { id, payload }: { id: string; payload: object }): void {
    this.#checker.noteSubmitted(jobId, { id, payload: JSON.stringify(payload) });
    this.#jobIds.push(jobId);
  }

  async #cancel(jobId: string): Promise<void> {
    const answer = await this.#client.postUntilAnswered('job/cancel', { job_id: jobId });
    if (answer.status !== 200 && answer.status !== 409)
      this.#checker.fault(`cancel: ${answer.text}`);
  }

  async #keepLooking(): Promise<void> {
    while (!this.#isOver) {
      const jobId = this.#pickJob();
      const job = jobId && (await this.#checker.look(jobId));
      const mayRetry = job && ['failed', 'cancelled'].includes(job.job_status);
      if (mayRetry && this.#random(4) === 0) await this.#checker.retry(jobId);
      await sleep(job ? LOOK_PAUSE_MS : DOWN_PAUSE_MS);
    }
  }

  /** Half of them recent, half of them any. */
  #pickJob(): string | undefined {
    const { length } = this.#jobIds;
    if (length === 0) return undefined;
    const recent = Math.min(length, RECENT_JOBS);
    return this.#jobIds[
      this.#random(2) === 0 ? length - 1 - this.#random(recent) : this.#random(length)
    ];
  }
}
