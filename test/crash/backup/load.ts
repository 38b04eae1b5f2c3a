// The load of the backup trial: a thousand writes a second and more, and looks at what has ended.
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayClient } from '../gateway-client.ts';
import type { Checker } from '../kill/checker.ts';

/** No worker does these: they are what is written. */
export const BULK_ENDPOINT = '/v1/trial/bulk';
/** A few of these are worked on meanwhile, so that jobs are at every stage. */
export const WORK_ENDPOINT = '/v1/trial/convert';

const WRITERS = 2;
const CALL_EVERY_MS = 200;
const WORK_EVERY_MS = 40;
const LOOK_PAUSE_MS = 25;

export class BackupLoad {
  readonly #client: GatewayClient;
  readonly #checker: Checker;
  readonly #work: string[] = [];
  readonly #jobsPerCall: number;
  #sent = 0;
  #isOver = false;
  #loops: Promise<void>[] = [];

  constructor(client: GatewayClient, checker: Checker, jobsPerCall: number) {
    this.#jobsPerCall = jobsPerCall;
    this.#client = client;
    this.#checker = checker;
  }

  start(): void {
    this.#loops = [
      ...Array.from({ length: WRITERS }, () => this.#every(CALL_EVERY_MS, () => this.#writeMany())),
      this.#every(WORK_EVERY_MS, () => this.#submitWork()),
      this.#every(LOOK_PAUSE_MS, () => this.#lookAtOne()),
    ];
  }

  /** Resolves when everything that was sent is answered. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }

  async #every(ms: number, body: () => Promise<void>): Promise<void> {
    for (
      let next = performance.now();
      !this.#isOver;
      next = Math.max(next + ms, performance.now())
    ) {
      await body();
      await sleep(Math.max(0, next + ms - performance.now()));
    }
  }

  async #writeMany(): Promise<void> {
    const jobs = Array.from({ length: this.#jobsPerCall }, () => this.#newJob(BULK_ENDPOINT, {}));
    const answer = await this.#client.post('jobs/submit', { jobs });
    if (answer?.status !== 202) return this.#checker.fault(`jobs/submit: ${answer?.text}`);
    for (const [i, { job_id: jobId }] of answer.json.jobs.entries()) this.#note(jobId, jobs[i]!);
  }

  async #submitWork(): Promise<void> {
    const job = this.#newJob(WORK_ENDPOINT, { plan: { end: 'done', ms: 5 } });
    const answer = await this.#client.post('job/submit', job);
    if (answer?.status !== 202) return this.#checker.fault(`job/submit: ${answer?.text}`);
    this.#note(answer.json.job_id, job);
    this.#work.push(answer.json.job_id);
  }

  /** Its end, once it was seen, may not change any more. */
  async #lookAtOne(): Promise<void> {
    const jobId = this.#work.shift();
    if (jobId === undefined) return;
    const job = await this.#checker.look(jobId);
    if (job?.ended_at === null) this.#work.push(jobId);
  }

  #newJob(endpoint: string, payload: object) {
    this.#sent += 1;
    const id = `job-${this.#sent}`;
    return { id, endpoint, payload: { ...payload, text: `${id} of the backup trial` } };
  }

  #note(jobId: string, { id, payload }: { id: string; payload: object }): void {
    this.#checker.noteSubmitted(jobId, { id, payload: JSON.stringify(payload) });
  }
}
