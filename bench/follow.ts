// Following: from a worker's report to the moment its callers know, by each way that they have.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApiKey } from '../src/auth/api-keys.ts';
import type { JobStore } from '../src/store/job-store.ts';
import type { Bench, Finding } from './bench.ts';
import { timeBareCommits, type Timed as Floor } from './claims.ts';
import { clock, ENDPOINT, openStore, submitBatch, TENANT } from './fill.ts';
import { Line, openLines } from './line.ts';
import { count, ms, progress, type Table } from './report.ts';
import { post } from './requests.ts';
import { POLLER, STREAM, SUBSCRIPTION, WAITER, type Way } from './ways.ts';

const FOLLOWERS = 1000;
const PUSHED = [WAITER, STREAM, SUBSCRIPTION];
/** How often a thousand follow the same job. */
const CROWDS = 5;

const P50_GOAL_MS = 2;
const P99_GOAL_MS = 20;

const POLL_MS = 1000;
/** Between two completions while a thousand poll. */
const POLLED_PAUSE_MS = 5;
/** A waiter gets no sign that it waits. */
const SETTLE_MS = 500;

/** A running job and who may end it. */
interface Held {
  jobId: string;
  leaseToken: string;
}

interface Timed {
  name: string;
  isCrowd: boolean;
  isPushed: boolean;
  /** Milliseconds from sending the report to the follower's having its end, shortest first. */
  sinceSent: number[];
  /** The same from having the report's answer: below 0 where the follower knew before the worker. */
  sinceAnswered: number[];
}

export async function measureFollow(bench: Bench): Promise<Finding> {
  const path = bench.workspace.newFile();
  const jobs = (PUSHED.length + 1) * FOLLOWERS + PUSHED.length * CROWDS;
  const { apiKey, held } = await prepare(path, jobs);
  const server = await bench.startGateway(path);
  const bare = await timeBareCommits(bench.workspace.newFile());
  const trial = new Trial(server.port, apiKey, await Line.open(server.port));
  const timed: Timed[] = [];
  for (const way of PUSHED) {
    progress(`${way.name}: ${count(FOLLOWERS)} follow a job each`);
    timed.push(await trial.followEach(way, held.splice(0, FOLLOWERS)));
  }
  progress(`${POLLER.name}: ${count(FOLLOWERS)} ask for a job each`);
  timed.push(await trial.pollEach(held.splice(0, FOLLOWERS)));
  for (const way of PUSHED) {
    progress(`${way.name}: ${count(FOLLOWERS)} follow one job, ${CROWDS} times`);
    timed.push(await trial.followAsCrowd(way, held.splice(0, CROWDS)));
  }
  trial.close();
  await server.stop();
  const floor = [bare, { name: 'the worker itself: its answer', times: trial.answers }];
  return { table: toTable(timed, floor), figures: { timed, floor } };
}

/** A file with that many running jobs, and a key that may do all of this. */
async function prepare(path: string, jobs: number): Promise<{ apiKey: string; held: Held[] }> {
  writeFileSync(path, '');
  const store = openStore(path);
  try {
    const scopes = ['submit' as const, 'work' as const];
    const wanted = { name: 'bench', tenant: TENANT, scopes, expiresAt: null };
    const { apiKey } = await createApiKey(store, clock, wanted);
    await submitBatch(store, 0, jobs);
    return { apiKey, held: await claimAll(store) };
  } finally {
    await store.close();
  }
}

async function claimAll(store: JobStore): Promise<Held[]> {
  const worker = { workerId: 'bench-worker', workerPid: 4242 };
  const request = {
    ...worker,
    tenant: TENANT,
    endpoints: [ENDPOINT],
    max: 100,
    leaseSeconds: 3600,
  };
  const held: Held[] = [];
  for (;;) {
    const claimed = await store.claim(request);
    if (claimed.length === 0) return held;
    held.push(...claimed);
  }
}

class Trial {
  readonly #port: number;
  readonly #apiKey: string;
  readonly #worker: Line;
  /** What the worker itself waits for its answer, while each follower has a job of its own. */
  readonly answers: number[] = [];

  constructor(port: number, apiKey: string, worker: Line) {
    this.#port = port;
    this.#apiKey = apiKey;
    this.#worker = worker;
  }

  close(): void {
    this.#worker.close();
  }

  /** Each follower has a job of its own; they are completed one after another. */
  async followEach(way: Way, jobs: Held[]): Promise<Timed> {
    const told = await this.#follow(way, jobs);
    const timed = newTimed(way);
    for (const [n, job] of jobs.entries()) {
      const report = await this.#complete(job);
      this.answers.push(report.answeredAt - report.sentAt);
      note(timed, report, await told.arrivals[n]);
    }
    told.close();
    return sorted(timed);
  }

  /** All follow the same job. */
  async followAsCrowd(way: Way, jobs: Held[]): Promise<Timed> {
    const timed = { ...newTimed(way), isCrowd: true };
    for (const job of jobs) {
      const told = await this.#follow(
        way,
        Array.from({ length: FOLLOWERS }, () => job),
      );
      const report = await this.#complete(job);
      for (const at of await Promise.all(told.arrivals)) note(timed, report, at);
      told.close();
    }
    return sorted(timed);
  }

  async pollEach(jobs: Held[]): Promise<Timed> {
    const lines = await openLines(this.#port, jobs.length);
    const told = jobs.map(({ jobId }, n) => this.#poll(lines[n] as Line, jobId));
    await sleep(POLL_MS);
    const timed = { ...newTimed(POLLER), isPushed: false };
    for (const [n, job] of jobs.entries()) {
      const report = await this.#complete(job);
      void told[n]?.then((at) => note(timed, report, at));
      await sleep(POLLED_PAUSE_MS);
    }
    await Promise.all(told);
    for (const line of lines) line.close();
    return sorted(timed);
  }

  /** Resolves once all follow. */
  async #follow(way: Way, jobs: Pick<Held, 'jobId'>[]) {
    const lines = await openLines(this.#port, jobs.length);
    for (const [n, { jobId }] of jobs.entries()) {
      lines[n]?.send(way.request(jobId, this.#apiKey));
    }
    const { begun } = way;
    if (begun) await Promise.all(lines.map((line) => line.until(begun)));
    await sleep(SETTLE_MS);
    return {
      arrivals: lines.map(async (line) => (await line.until(way.told)).at),
      close: () => {
        for (const line of lines) line.close();
      },
    };
  }

  async #complete({ jobId, leaseToken }: Held): Promise<{ sentAt: number; answeredAt: number }> {
    const body = { job_id: jobId, lease_token: leaseToken, result: { duration_seconds: 180 } };
    const request = post('/v1/toolkit/worker/complete', this.#apiKey, JSON.stringify(body));
    const sentAt = performance.now();
    this.#worker.send(request);
    const { at } = await this.#worker.until(/"job_status":"done"/);
    return { sentAt, answeredAt: at };
  }

  /** Asks every second, beginning at some moment of the first. */
  async #poll(line: Line, jobId: string): Promise<number> {
    await sleep(Math.random() * POLL_MS);
    for (;;) {
      line.send(POLLER.request(jobId, this.#apiKey));
      const { at, text } = await line.until(POLLER.told);
      if (text.includes('done')) return at;
      await sleep(POLL_MS);
    }
  }
}

function newTimed({ name }: Way): Timed {
  return { name, isCrowd: false, isPushed: true, sinceSent: [], sinceAnswered: [] };
}

function note(timed: Timed, report: { sentAt: number; answeredAt: number }, at = NaN): void {
  timed.sinceSent.push(at - report.sentAt);
  timed.sinceAnswered.push(at - report.answeredAt);
}

function sorted(timed: Timed): Timed {
  for (const times of [timed.sinceSent, timed.sinceAnswered]) times.sort((a, b) => a - b);
  return timed;
}

function toTable(timed: Timed[], floor: Floor[]): Table {
  const main = timed.filter(({ isPushed, isCrowd }) => isPushed && !isCrowd);
  const slowest = (share: number) => Math.max(...main.map((one) => part(one.sinceSent, share)));
  return {
    title: `From worker/complete to ${count(FOLLOWERS)} followers`,
    head: ['who learns how', 'p50', 'p99', 'p50 after the answer', 'p99 after the answer'],
    rows: [...floor.map(toFloorRow), ...timed.map(toRow)],
    verdicts: [
      verdict('p50', slowest(0.5), P50_GOAL_MS),
      verdict('p99', slowest(0.99), P99_GOAL_MS),
    ],
  };
}

function toFloorRow({ name, times }: Floor): string[] {
  const ascending = times.toSorted((a, b) => a - b);
  return [name, ms(part(ascending, 0.5)), ms(part(ascending, 0.99)), '', ''];
}

function toRow({ name, isCrowd, sinceSent, sinceAnswered }: Timed): string[] {
  const figures = [sinceSent, sinceAnswered].flatMap((times) => [
    part(times, 0.5),
    part(times, 0.99),
  ]);
  return [isCrowd ? `${name}, all of one job` : name, ...figures.map(ms)];
}

function verdict(what: string, actual: number, goal: number) {
  return {
    goal: `each with a job of its own is told within ${goal} ms (${what})`,
    actual: ms(actual),
    reached: actual < goal,
  };
}

const part = (times: number[], share: number) =>
  times[Math.floor((times.length - 1) * share)] ?? NaN;
