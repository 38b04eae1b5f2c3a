// Conformance: thousands of random histories, each step compared with a plain model in memory.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { JobgateError } from '../../../src/contract/errors.ts';
import { JsonText } from '../../../src/contract/json-text.ts';
import type { JobStore, LeaseHolder } from '../../../src/store/job-store.ts';
import { Bench, failure, MANY, type Suite } from './harness.ts';
import { ModelQueue, type Answer, type ModelJob, type ModelSubmission } from './model-queue.ts';

const HISTORIES = 2000;
const MAX_STEPS = 30;

/** A tenant of its own for each history: one open store serves them all. */
let histories = 0;

const ENDPOINTS = ['/v1/a', '/v1/b'];
const STALE = 'a token of nobody';

/** The store under test within one history. */
interface Real {
  bench: Bench;
  tenant: string;
  /** Every token given out, by job: late reports come with an old one. */
  tokens: Map<string, string[]>;
  /** Ends as they were first seen: they must never change. */
  ends: Map<string, unknown>;
}

type Step = (model: ModelQueue, real: Real) => Promise<void>;

class Command implements fc.AsyncCommand<ModelQueue, Real> {
  readonly #name: string;
  readonly #step: Step;

  constructor(name: string, step: Step) {
    this.#name = name;
    this.#step = step;
  }

  check(): boolean {
    return true;
  }

  async run(model: ModelQueue, real: Real): Promise<void> {
    await this.#step(model, real);
    await compare(model, real);
  }

  toString(): string {
    return this.#name;
  }
}

type Arbitraries<T> = { [K in keyof T]: fc.Arbitrary<T[K]> };

/** A command whose arguments are random; its name shows them. */
function command<T>(name: string, shape: Arbitraries<T>, step: (args: T) => Step) {
  return fc
    .record(shape)
    .map((args) => new Command(`${name}(${JSON.stringify(args)})`, step(args as T)));
}

/** Picks one of the jobs there are, and one of the tokens it ever had, mostly the last. */
interface Pick {
  job: number;
  token: number;
}

const pick = {
  job: fc.nat(7),
  token: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
};

const submission = {
  endpoint: fc.constantFrom(...ENDPOINTS),
  priority: fc.constantFrom(-100, 0, 0, 0, 1),
  delayMs: fc.constantFrom(0, 0, 0, 0, 1000, 20_000),
  maxAttempts: fc.constantFrom(1, 2, 3),
  maxRuntimeSeconds: fc.constantFrom(20, 45, 3600, 3600, 3600),
  retentionSeconds: fc.constantFrom(null, 40),
};

const submit = command('submit', submission, (args: ModelSubmission) => async (model, real) => {
  const { delayMs, ...job } = args;
  const runAt = delayMs === 0 ? null : real.bench.clock.now() + delayMs;
  const jobId = await real.bench.submit({ ...job, runAt, tenant: real.tenant });
  model.submit(jobId, args);
});

const claim = command(
  'claim',
  {
    endpoints: fc.subarray(ENDPOINTS, { minLength: 1 }),
    max: fc.constantFrom(1, 1, 2, 100),
    leaseSeconds: fc.constantFrom(5, 30, 60),
    workerPid: fc.constantFrom(null, 7),
  },
  (args) => async (model, real) => {
    const { tenant, bench } = real;
    const expected = model.claimable(args.endpoints, args.max);
    const claimed = await bench.claim({ tenant, ...args });
    assert.deepEqual(
      claimed.map(({ jobId, attempt, maxAttempts }) => ({ jobId, attempt, maxAttempts })),
      expected.map(({ jobId, attempt, maxAttempts }) => ({ jobId, attempt, maxAttempts })),
    );
    expected.forEach((job, i) => {
      const token = claimed[i]!.leaseToken;
      real.tokens.set(job.jobId, [token, ...(real.tokens.get(job.jobId) ?? [])]);
      model.claim(job, { ...args, token });
    });
  },
);

/** A command about one job; with no job to pick it does nothing. */
function about<T extends Pick>(
  name: string,
  shape: Arbitraries<T>,
  ask: (store: JobStore, holder: LeaseHolder, args: T) => Promise<unknown>,
  expect: (model: ModelQueue, job: ModelJob, token: string, args: T) => Answer,
) {
  return command(name, shape, (args) => async (model, real) => {
    const job = model.jobs[args.job % Math.max(model.jobs.length, 1)];
    if (!job) return;
    const leaseToken = real.tokens.get(job.jobId)?.[args.token] ?? STALE;
    const holder = { tenant: real.tenant, jobId: job.jobId, leaseToken };
    const answer = await answerOf(ask(real.bench.store, holder, args));
    assert.deepEqual(answer, expect(model, job, leaseToken, args));
  });
}

const heartbeat = about(
  'heartbeat',
  {
    ...pick,
    leaseSeconds: fc.constantFrom(null, null, 30, 100),
    percent: fc.constantFrom(null, 50),
  },
  (store, holder, { leaseSeconds, percent }) =>
    store.heartbeat(holder, leaseSeconds, percent === null ? null : { percent }),
  (model, job, token, { leaseSeconds, percent }) =>
    model.heartbeat(job, token, leaseSeconds, percent),
);

const complete = about(
  'complete',
  { ...pick, body: fc.constantFrom('1', '2') },
  (store, holder, { body }) => store.complete(holder, new JsonText(body)),
  (model, job, token, { body }) => model.complete(job, token, body),
);

const fail = about(
  'fail',
  {
    ...pick,
    code: fc.constantFrom(400, 500),
    retry: fc.constantFrom(true, true, false),
    delayMs: fc.constantFrom(null, null, 0, 5000),
  },
  (store, holder, { code, retry, delayMs }) =>
    store.fail(holder, failure({ code, retry, retryDelayMs: delayMs })),
  (model, job, token, { code, retry, delayMs }) => model.fail(job, token, { code, retry, delayMs }),
);

const release = about(
  'release',
  pick,
  (store, holder) => store.release(holder),
  (model, job, token) => model.release(job, token),
);

const cancel = about(
  'cancel',
  pick,
  (store, holder) => store.cancel(holder),
  (model, job) => model.cancel(job),
);

const retry = about(
  'retry',
  pick,
  (store, holder) => store.retry(holder),
  (model, job) => model.retry(job),
);

const remove = about(
  'delete',
  pick,
  (store, holder) => store.delete(holder),
  (model, job) => model.delete(job),
);

const advance = command(
  'advance',
  { ms: fc.constantFrom(1, 999, 1000, 4999, 5000, 19_999, 30_000, 45_000) },
  ({ ms }) =>
    async (_model, { bench }) =>
      bench.clock.advance(ms),
);

/** Longer than any lease that is asked for, so that every worker is lost. */
const lapse = command('lapse', { ms: fc.constantFrom(30_000, 100_000) }, ({ ms }) => {
  return async (model, { bench }) => {
    await bench.pass(ms);
    model.expireLeases();
  };
});

const setWall = command('setWall', { by: fc.constantFrom(-3_600_000, 3_600_000) }, ({ by }) => {
  return async (_model, { bench }) => bench.clock.setWall(bench.clock.now() + by);
});

/** A step of the maintenance: done by the store, then by the model. */
function upkeep(name: 'expireLeases' | 'wakeDelayed' | 'prune') {
  return command(name, {}, () => async (model, { bench }) => {
    await bench.store[name](MANY);
    model[name]();
  });
}

const restart = command('restart', {}, () => async (model, { bench }) => {
  await bench.restart();
  model.restart();
});

type Weighted = [number, fc.Arbitrary<Command>][];

const everything: Weighted = [
  [30, submit],
  [40, claim],
  [20, heartbeat],
  [20, complete],
  [24, fail],
  [14, release],
  [20, cancel],
  [14, retry],
  [6, remove],
  [36, advance],
  [4, setWall],
  [24, upkeep('expireLeases')],
  [14, upkeep('wakeDelayed')],
  [5, upkeep('prune')],
  [1, restart],
];

/** Workers that mostly die: what takes three lost leases is too rare among everything. */
const lostWorkers: Weighted = [
  [5, submit],
  [30, claim],
  [10, heartbeat],
  [4, complete],
  [6, cancel],
  [6, advance],
  [30, lapse],
  [2, retry],
  [2, restart],
];

function historiesOf(weighted: Weighted) {
  const commands = weighted.map(([weight, arbitrary]) => ({ weight, arbitrary }));
  return fc.commands([fc.oneof(...commands)], { maxCommands: MAX_STEPS, size: 'max' });
}

const anyHistory = fc.oneof(historiesOf(everything), historiesOf(lostWorkers));

export function modelTests(suite: Suite): void {
  describe('model', () => {
    let bench: Awaited<ReturnType<typeof Bench.make>>;

    beforeAll(async () => {
      bench = await Bench.make(suite);
    });

    afterAll(() => bench.remove());

    it(`${HISTORIES} random histories run as in the model`, { timeout: 120_000 }, async () => {
      await expectNoDivergence(bench);
    });
  });
}

/** Rejects with the shortest history that runs otherwise than in the model. */
function expectNoDivergence(bench: Bench): Promise<void> {
  const asInTheModel = fc.asyncProperty(anyHistory, (history) =>
    fc.asyncModelRun(() => setUp(bench), history),
  );
  return fc.assert(asInTheModel, { numRuns: HISTORIES });
}

function setUp(bench: Bench) {
  bench.changes.length = 0;
  histories += 1;
  const tenant = `history-${histories}`;
  const real: Real = { bench, tenant, tokens: new Map(), ends: new Map() };
  return { model: new ModelQueue(bench.clock), real };
}

async function answerOf(call: Promise<unknown>): Promise<Answer> {
  try {
    return { value: await call };
  } catch (error) {
    if (!(error instanceof JobgateError)) throw error;
    return { refused: error.code, status: error.details.jobStatus! };
  }
}

async function compare(model: ModelQueue, real: Real): Promise<void> {
  const { store } = real.bench;
  for (const job of model.jobs) await compareJob(job, real);
  assert.equal(
    await store.queueLength(real.tenant),
    model.jobs.filter(({ ready }) => ready).length,
  );
  assert.deepEqual(await countsOf(real), recount(model));
}

async function compareJob(expected: ModelJob, real: Real): Promise<void> {
  const { bench, tenant } = real;
  const { jobId } = expected;
  const job = await bench.find({ tenant, jobId });
  const { progress, end, outcomes, kinds } = expected;
  assert.deepEqual(pickKeys(job), pickKeys(expected));
  assert.equal(job.progress?.percent ?? null, progress);
  assert.equal(job.end?.code, end?.code);
  assert.equal(job.end?.pid, end?.pid);
  if (end?.runMs != null) assert.equal(job.end!.runMs, end.runMs);
  if (!end) real.ends.delete(jobId);
  else if (!real.ends.has(jobId)) real.ends.set(jobId, job.end);
  assert.deepEqual(job.end, real.ends.get(jobId) ?? null);
  const state = await bench.store.findState({ tenant, jobId });
  assert.deepEqual(state?.end, job.end);
  assert.deepEqual(state?.progress, job.end ? null : job.progress);
  assert.deepEqual(await bench.outcomes({ tenant, jobId }), outcomes);
  assert.deepEqual(bench.kinds(jobId), kinds);
}

const COMPARED = [
  'jobId',
  'endpoint',
  'status',
  'version',
  'attempt',
  'maxAttempts',
  'lostLeases',
  'fence',
  'priority',
  'runAt',
  'createdAt',
  'startedAt',
  'endedAt',
  'expiresAt',
  'cancelRequestedAt',
  'workerPid',
] as const;

function pickKeys(job: Record<(typeof COMPARED)[number], unknown>) {
  return Object.fromEntries(COMPARED.map((key) => [key, job[key]]));
}

async function countsOf({ bench, tenant }: Real): Promise<Record<string, number>> {
  const counts = await bench.store.countByStatus(tenant);
  return Object.fromEntries(
    counts
      .filter(({ count }) => count > 0)
      .map(({ endpoint, status, ready, count }) => [`${endpoint} ${status} ${ready}`, count]),
  );
}

function recount(model: ModelQueue): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { endpoint, status, ready } of model.jobs) {
    const key = `${endpoint} ${status} ${ready}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
