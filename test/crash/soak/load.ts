// The load of the soak: every kind of request, each at a steady rate, on jobs that soon go again.
import { setTimeout as sleep } from 'node:timers/promises';
import { readMessages } from '../../event-messages.ts';
import type { Random } from '../../store/sqlite/damage.ts';
import type { Answer, GatewayClient } from '../gateway-client.ts';

export const ENDPOINT = '/v1/trial/soak';

/** So that the database does not grow: an ended job is gone after a minute. */
const RETENTION_SECONDS = 60;
/** Jobs that are asked for are younger: none of them is gone yet, even if it ended at once. */
const RECENT_MS = 30_000;
/** From one request of a kind to its next, milliseconds. */
const PACES_MS = {
  submit: 200,
  status: 25,
  wait: 500,
  get: 200,
  follow: 500,
  cancel: 2000,
  list: 1000,
};
/** A job takes its worker at most as long. */
const LONGEST_JOB_MS = 600;
const WAIT_SECONDS = 2;
/** One of so many followers leaves before the end. */
const LEAVERS = 2;
const LONGEST_STAY_MS = 1000;

/** Of a kind, at the same time. */
const WAITERS = 3;
const FOLLOWERS = 3;
/** Who waits, follows or cancels takes one of the newest: the others have mostly ended. */
const NEW_JOBS = 4;

type OnJob = (jobId: string) => Promise<void>;

export interface Timed {
  atMs: number;
  tookMs: number;
}

export class Load {
  readonly #client: GatewayClient;
  readonly #random: Random;
  readonly #fault: (what: string) => void;
  readonly #over = new AbortController();
  #recent: { jobId: string; atMs: number }[] = [];
  /** By job, of the one who asks with it. */
  #tags = new Map<string, string>();
  #lanes: Promise<void>[] = [];
  /** How many times as fast it is asked as at the steady paces. */
  speed = 1;
  readonly statusReads: Timed[] = [];
  readonly counts = { jobs: 0, waits: 0, gets: 0, unchanged: 0, follows: 0, cancels: 0, lists: 0 };

  constructor(client: GatewayClient, random: Random, fault: (what: string) => void) {
    this.#client = client;
    this.#random = random;
    this.#fault = fault;
  }

  start(): void {
    const onAny = (act: OnJob) => () => this.#onJob(act, Infinity);
    const onNew = (act: OnJob) => () => this.#onJob(act, NEW_JOBS);
    const wait = onNew((jobId) => this.#wait(jobId));
    const follow = onNew((jobId) => this.#follow(jobId));
    this.#lanes = [
      this.#pace(PACES_MS.submit, () => this.#submit()),
      this.#pace(
        PACES_MS.status,
        onAny((jobId) => this.#readStatus(jobId)),
      ),
      this.#pace(
        PACES_MS.get,
        onAny((jobId) => this.#get(jobId)),
      ),
      this.#pace(
        PACES_MS.cancel,
        onNew((jobId) => this.#cancel(jobId)),
      ),
      this.#pace(PACES_MS.list, () => this.#list()),
      ...Array.from({ length: WAITERS }, () => this.#pace(PACES_MS.wait, wait)),
      ...Array.from({ length: FOLLOWERS }, () => this.#pace(PACES_MS.follow, follow)),
    ];
  }

  /** Sends nothing new. */
  end(): void {
    this.#over.abort();
  }

  /** Resolves when everything that was sent is answered. */
  async stop(): Promise<void> {
    this.end();
    await Promise.all(this.#lanes);
  }

  /** Where one takes longer than its pace, the next comes at once, and none is made up for. */
  async #pace(steadyMs: number, act: () => Promise<void>): Promise<void> {
    while (!this.#over.signal.aborted) {
      const next = performance.now() + steadyMs / this.speed;
      await act();
      await sleep(Math.max(0, next - performance.now()));
    }
  }

  /** One of the `newest`. */
  async #onJob(act: OnJob, newest: number): Promise<void> {
    const oldest = performance.now() - RECENT_MS;
    if ((this.#recent[0]?.atMs ?? oldest) < oldest) this.#forgetOld(oldest);
    const { length } = this.#recent;
    const picked = this.#recent[length - 1 - this.#random(Math.min(length, newest))];
    if (picked) await act(picked.jobId);
  }

  #forgetOld(oldest: number): void {
    for (const { jobId } of this.#recent.filter(({ atMs }) => atMs < oldest)) {
      this.#tags.delete(jobId);
    }
    this.#recent = this.#recent.filter(({ atMs }) => atMs >= oldest);
  }

  async #submit(): Promise<void> {
    const ms = this.#random(LONGEST_JOB_MS) / this.speed;
    const payload = { ms, text: 'x'.repeat(this.#random(2000)) };
    const job = { endpoint: ENDPOINT, payload, retention_seconds: RETENTION_SECONDS };
    const answer = await this.#post('job/submit', job, [202]);
    if (!answer) return;
    this.counts.jobs += 1;
    this.#recent.push({ jobId: answer.json.job_id, atMs: performance.now() });
  }

  async #readStatus(jobId: string): Promise<void> {
    const atMs = performance.now();
    await this.#post('job/status', { job_id: jobId }, [200]);
    this.statusReads.push({ atMs, tookMs: performance.now() - atMs });
  }

  async #wait(jobId: string): Promise<void> {
    await this.#post('job/status', { job_id: jobId, wait_seconds: WAIT_SECONDS }, [200]);
    this.counts.waits += 1;
  }

  /** With the tag of the last time, if there was one. */
  async #get(jobId: string): Promise<void> {
    const tag = this.#tags.get(jobId);
    const known: Record<string, string> = tag === undefined ? {} : { 'if-none-match': tag };
    const response = await this.#open(`job/get?job_id=${jobId}`, known).catch(() => undefined);
    await response?.arrayBuffer();
    this.counts.gets += 1;
    if (response?.status === 304) this.counts.unchanged += 1;
    else if (response?.status === 200) this.#tags.set(jobId, response.headers.get('etag') ?? '');
    else this.#fault(`job/get was answered ${response?.status}`);
  }

  /** To the end of the job, or for a while. */
  async #follow(jobId: string): Promise<void> {
    const leaving = new AbortController();
    const stays = this.#random(LEAVERS) > 0;
    const stayMs = this.#random(LONGEST_STAY_MS);
    const timer = stays ? undefined : setTimeout(() => leaving.abort(), stayMs);
    const signal = AbortSignal.any([leaving.signal, this.#over.signal]);
    try {
      const response = await this.#open(`job/events?job_id=${jobId}`, {}, signal);
      if (response.status !== 200) this.#fault(`job/events was answered ${response.status}`);
      let last: string | undefined;
      for await (const { event } of readMessages(response)) last = event;
      if (last !== 'end') this.#fault(`job/events of ${jobId} ended with ${last}`);
    } catch (error) {
      if (!signal.aborted) this.#fault(`job/events: ${String(error)}`);
    } finally {
      clearTimeout(timer);
      this.counts.follows += 1;
    }
  }

  async #cancel(jobId: string): Promise<void> {
    await this.#post('job/cancel', { job_id: jobId }, [200, 409]);
    this.counts.cancels += 1;
  }

  async #list(): Promise<void> {
    await this.#post('jobs/list', { endpoint: ENDPOINT, limit: 20 }, [200]);
    this.counts.lists += 1;
  }

  async #post(path: string, body: object, expected: number[]): Promise<Answer | undefined> {
    const answer = await this.#client.post(path, body);
    if (answer && expected.includes(answer.status)) return answer;
    this.#fault(`${path} was answered ${answer ? `${answer.status}: ${answer.text}` : 'never'}`);
    return undefined;
  }

  #open(path: string, headers: Record<string, string>, signal?: AbortSignal) {
    const { url, apiKey } = this.#client;
    const options = { headers: { 'x-api-key': apiKey, ...headers }, ...(signal && { signal }) };
    return fetch(`${url}/v1/toolkit/${path}`, options);
  }
}
